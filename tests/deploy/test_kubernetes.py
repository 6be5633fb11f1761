"""The files for Kubernetes agree with docker-compose.yaml, which is run, and with each other.

There is no cluster here; docs/kubernetes.md says so.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

import yaml
from airflow.configuration import retrieve_configuration_description

from deploy.compose_file import ROOT, compose_file
from docs.test_commands import fault_of_ours

FOLDER = ROOT / "deploy/kubernetes"
VALUES = yaml.safe_load((FOLDER / "values.yaml").read_text())
WITH_PAGES = yaml.safe_load((FOLDER / "status-pages-values.yaml").read_text())
OBJECTS = [
    each
    for name in ("supportops.yaml", "status-pages.yaml")
    for each in yaml.safe_load_all((FOLDER / name).read_text())
]
PAGE = (ROOT / "docs/kubernetes.md").read_text()
PODS = [each["spec"]["template"]["spec"] for each in OBJECTS if "template" in each["spec"]]


def secrets(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "secretRef" in value:
            yield value["secretRef"]["name"]
        for key, each in value.items():
            if key.endswith(("SecretName", "secretName")):
                yield each
            yield from secrets(each)
    for each in value if isinstance(value, list) else ():
        yield from secrets(each)


def test_image_and_airflow_are_those_of_compose() -> None:
    image = f"{VALUES['defaultAirflowRepository']}:{VALUES['defaultAirflowTag']}"
    assert image.endswith("/" + compose_file()["x-airflow-common"]["image"])
    assert {each["image"] for pod in PODS for each in pod["containers"]} == {image}
    assert f"apache/airflow:{VALUES['airflowVersion']}-" in (ROOT / "Dockerfile").read_text()


def test_the_settings_of_the_scheduler_are_those_of_compose() -> None:
    environment = compose_file()["x-airflow-environment"]
    prefix = "AIRFLOW__SCHEDULER__"
    expected = {
        name.removeprefix(prefix).lower(): int(value)
        for name, value in environment.items()
        if name.startswith(prefix) and value.isdigit()
    }
    # A pod may wait for a node and for its image for minutes, and would be deleted meanwhile.
    expected |= {"task_queued_timeout": 600}
    assert VALUES["config"]["scheduler"] == expected
    settings = compose_file()["x-airflow-settings"]
    for name in ("PYTHONPATH", "SUPPORTOPS_CONFIG", "MPLCONFIGDIR"):
        assert {"name": name, "value": settings[name]} in VALUES["env"]


def test_every_setting_is_one_of_airflows() -> None:
    known = retrieve_configuration_description(include_airflow=True, include_providers=True)
    sections = dict(VALUES["config"])
    # Those of a provider that is not in the lock; its 10.25.0 has them.
    assert set(sections.pop("kubernetes_executor")) <= {
        "delete_worker_pods",
        "worker_pods_creation_batch_size",
    }
    given = {(section, name) for section, options in sections.items() for name in options}
    for service in compose_file()["services"].values():
        for variable in service.get("environment", {}):
            airflow, *place = variable.lower().split("__")
            if airflow == "airflow" and len(place) == 2:
                given.add((place[0], place[1]))
    assert len(given) > 30
    unknown = {each for each in given if each[1] not in known.get(each[0], {}).get("options", {})}
    # Its scheduler reads it (`SchedulerJobRunner.__init__`), and its list of settings lacks it.
    assert unknown == {("scheduler", "num_stuck_in_queued_retries")}


def test_nothing_runs_as_root_or_writes_outside_of_tmp() -> None:
    chart = VALUES["securityContexts"]
    pods = [(chart["pod"], chart["containers"])]
    pods += [(pod["securityContext"], pod["containers"][0]["securityContext"]) for pod in PODS]
    assert len(pods) == 4
    for pod, container in pods:
        assert (pod["runAsNonRoot"], pod["runAsUser"]) == (True, VALUES["uid"]) == (True, 50000)
        assert container["readOnlyRootFilesystem"]
        assert not container["allowPrivilegeEscalation"]
        assert container["capabilities"] == {"drop": ["ALL"]}
    for mounts in (VALUES["volumeMounts"], *(pod["containers"][0]["volumeMounts"] for pod in PODS)):
        assert [each["mountPath"] for each in mounts if not each.get("readOnly")] == ["/tmp"]


def test_every_secret_is_made_by_the_page_and_none_is_written_down() -> None:
    asked = {*secrets(VALUES), *secrets(OBJECTS), *secrets(yaml.safe_load(VALUES["extraEnvFrom"]))}
    assert asked == set(re.findall(r"secret generic (\S+)", PAGE))
    assert not re.search(r"(?i)(password|secret|key): \S+$", (FOLDER / "values.yaml").read_text())


def test_the_commands_exist_with_their_options() -> None:
    for pod in PODS:
        first, *words = pod["containers"][0]["command"]
        assert first == "supportops"
        assert fault_of_ours(tuple(words), whole=True) is None
    for number, name in [(1, "public-links"), (2, "status-pages")]:
        service = compose_file()["services"][name]["entrypoint"]
        assert PODS[number]["containers"][0]["command"] == service[service.index("supportops") :]


def test_logins_are_airflows_simple_ones_as_in_compose() -> None:
    core = VALUES["config"]["core"]
    module, _, name = core["auth_manager"].rpartition(".")
    assert hasattr(importlib.import_module(module), name)
    assert core["simple_auth_manager_users"] == "admin:admin"
    assert VALUES["createUserJob"] == {"enabled": False}
    (volume,), (mount,) = (
        VALUES["apiServer"]["extraVolumes"],
        VALUES["apiServer"]["extraVolumeMounts"],
    )
    assert volume["name"] == mount["name"]
    command = VALUES["apiServer"]["args"][-1]
    assert f"cp {mount['mountPath']}/passwords.json /tmp/ && exec airflow api-server" in command
    assert core["simple_auth_manager_passwords_file"] == "/tmp/passwords.json"
    served = compose_file()["services"]["airflow-apiserver"]["command"]
    assert command.endswith(" ".join(served))


def test_status_pages_are_written_by_tasks_to_what_is_served() -> None:
    tasks = WITH_PAGES["workers"]
    (volume,), (mount,), (setting,) = (
        tasks["extraVolumes"],
        tasks["extraVolumeMounts"],
        tasks["env"],
    )
    (claim,) = (each for each in OBJECTS if each["kind"] == "PersistentVolumeClaim")
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    claimed = {"claimName": claim["metadata"]["name"]}
    assert volume["persistentVolumeClaim"] == claimed
    served = PODS[2]
    assert {"name": "status-pages", "persistentVolumeClaim": claimed} in served["volumes"]
    assert setting in served["containers"][0]["env"]
    assert setting["value"] == mount["mountPath"]
    assert "envFrom" not in served["containers"][0]


def test_the_page_says_that_it_is_untried() -> None:
    assert "untried" in PAGE
    assert "Untried" in (FOLDER / "values.yaml").read_text()
