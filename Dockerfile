# supportops on Airflow's own image. Built by `docker compose build`, never run as root. What runs
# belongs to root, so that nothing that runs can change it.
FROM apache/airflow:3.3.2-python3.12 AS build

USER root
# A virtual environment of our own contains the lock and nothing else. The image's environment has
# dozens of providers whose pins the lock would break; ours is what the tests ran on, by its hashes.
RUN python -m venv /opt/supportops
ENV VIRTUAL_ENV=/opt/supportops \
    PATH=/opt/supportops/bin:${PATH}

# requirements-celery.txt for several workers: docker-compose.yaml chooses.
ARG LOCK=requirements.txt
COPY requirements-uv.txt requirements.txt requirements-celery.txt /tmp/
COPY deploy/slim.py /tmp/
# pip installs uv, uv installs the rest; both are removed, as is what slim.py names: tests, symbols.
# Wheels only, so that no set-up code of a source package runs. Bytecode is compiled now, because a
# container loses what it compiles, and each task would take 3 s of CPU more to start.
RUN python -m pip install --no-cache-dir --only-binary=:all: \
        --require-hashes --requirement /tmp/requirements-uv.txt \
    && uv pip sync --python /opt/supportops --no-cache --no-build --compile-bytecode \
        --require-hashes "/tmp/${LOCK}" \
    && uv pip check --python /opt/supportops \
    && uv pip uninstall --python /opt/supportops uv \
    && rm -rf /opt/supportops/lib/python3.12/site-packages/pip* /opt/supportops/bin/pip* \
    && python /tmp/slim.py /opt/supportops/lib/python3.12/site-packages \
    && chmod -R u=rwX,go=rX /opt/supportops

# A clone that was made under a strict umask has files that only their owner may read.
COPY deploy/init.sh deploy/clean.sh deploy/health.sh deploy/worker.sh /code/deploy/
COPY deploy/after_apiserver.sh deploy/worker_health.py /code/deploy/
COPY plugins /code/plugins
COPY include /code/include
COPY dags /code/dags
COPY deploy/supportops /command/supportops
RUN python -m compileall -q /code \
    && chmod -R u=rwX,go=rX /code \
    && chmod 755 /command/supportops

FROM apache/airflow:3.3.2-python3.12

ENV VIRTUAL_ENV=/opt/supportops \
    PATH=/opt/supportops/bin:${PATH} \
    PYTHONPATH=/opt/airflow/include \
    PYTHONDONTWRITEBYTECODE=1

COPY --from=build /opt/supportops /opt/supportops
COPY --from=build /command/supportops /opt/supportops/bin/
COPY --from=build /code /opt/airflow
USER root
# The folders that volumes are mounted on; a new volume takes their owner.
RUN install --directory --owner=airflow --group=0 --mode=0775 /opt/airflow/auth /opt/airflow/logs \
        /opt/airflow/status-pages \
    && install --directory --owner=airflow --group=0 --mode=0700 /scratch
USER airflow

# A package that cannot be imported fails the build and not the first run. Airflow is not started
# here: it would write a configuration with generated keys into the image.
RUN supportops --help > /dev/null
