"""The files for Kubernetes agree with docker-compose.yaml, which is run, and with each other.

Neither a cluster nor the chart's schema is here; docs/kubernetes.md says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from deploy.compose_file import ROOT, compose_file
from docs.test_commands import fault_of_ours

FOLDER = ROOT / "deploy/kubernetes"
VALUES = yaml.safe_load((FOLDER / "values.yaml").read_text())
OBJECTS = list(yaml.safe_load_all((FOLDER / "supportops.yaml").read_text()))
PAGE = (ROOT / "docs/kubernetes.md").read_text()
PODS = [each["spec"]["template"]["spec"] for each in OBJECTS if "template" in each["spec"]]


def secrets(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "secretRef" in value:
            yield value["secretRef"]["name"]
        for key, each in value.items():
            if key.endswith("SecretName"):
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
    assert VALUES["config"]["scheduler"] == expected
    settings = compose_file()["x-airflow-settings"]
    for name in ("PYTHONPATH", "SUPPORTOPS_CONFIG", "MPLCONFIGDIR"):
        assert {"name": name, "value": settings[name]} in VALUES["env"]


def test_nothing_runs_as_root_or_writes_outside_of_tmp() -> None:
    chart = VALUES["securityContexts"]
    pods = [(chart["pod"], chart["containers"])]
    pods += [(pod["securityContext"], pod["containers"][0]["securityContext"]) for pod in PODS]
    assert len(pods) == 3
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
    links = compose_file()["services"]["public-links"]["entrypoint"]
    assert PODS[1]["containers"][0]["command"] == links[links.index("supportops") :]


def test_the_page_says_that_it_is_untried() -> None:
    assert "untried" in PAGE
    assert "Untried" in (FOLDER / "values.yaml").read_text()
