# supportops on Airflow's own image. Built by `docker compose build`, never run as root.
FROM apache/airflow:3.3.2-python3.12

# A virtual environment of our own contains the lock and nothing else. The image's environment has
# dozens of providers whose pins the lock would break; ours is what the tests ran on, by its hashes.
USER root
RUN install --directory --owner=airflow --group=0 --mode=0775 /opt/supportops /opt/airflow/auth
USER airflow
RUN python -m venv /opt/supportops

ENV VIRTUAL_ENV=/opt/supportops \
    PATH=/opt/supportops/bin:${PATH} \
    PYTHONPATH=/opt/airflow/include

COPY --chown=airflow:0 requirements-uv.txt requirements.txt /opt/supportops/
# pip installs uv, uv installs the rest and is removed. Wheels only, so that no set-up code of a
# source package runs. Bytecode is compiled now, because a container loses what it compiles.
RUN python -m pip install --no-cache-dir --only-binary=:all: \
        --require-hashes --requirement /opt/supportops/requirements-uv.txt \
    && uv pip sync --python /opt/supportops --no-cache --no-build --compile-bytecode \
        --require-hashes /opt/supportops/requirements.txt \
    && uv pip check --python /opt/supportops \
    && python -m pip uninstall --yes uv

COPY --chown=airflow:0 --chmod=755 deploy/supportops /opt/supportops/bin/supportops
COPY --chown=airflow:0 deploy/init.sh deploy/clean.sh /opt/airflow/deploy/
COPY --chown=airflow:0 plugins /opt/airflow/plugins
COPY --chown=airflow:0 include /opt/airflow/include
COPY --chown=airflow:0 dags /opt/airflow/dags

# A package that cannot be imported fails the build and not the first run. Airflow is not started
# here: it would write a configuration with generated keys into the image.
RUN supportops --help > /dev/null
