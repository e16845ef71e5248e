"""What `kube scaffold` writes for each option, as the plugin's documents look (spin-plugin-kube 0.4.0)."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from spinlab.errors import ExportError, SpinError
from spinlab.export.kube.asked import Known, options
from spinlab.export.kube.scaffold import Scaffold, scaffold
from spinlab.scaffolding import CHOICES, OF_THE_PLUGIN
from tests.export.kube import crds

IMAGE = "registry.example.com/team/calculator:1.0"
HEAD = """\
apiVersion: core.spinkube.dev/v1alpha1
kind: SpinApp
metadata:
  name: calculator
spec:
  image: "registry.example.com/team/calculator:1.0"
  executor: containerd-shim-spin
"""
UNKNOWN = Known()
AUTOSCALED = (
    HEAD
    + """\
  enableAutoscaling: true
  resources:
    limits:
      cpu: 100m
      memory: 128Mi
---
"""
)
LIMITS = {"cpu_limit": "100m", "memory_limit": "128Mi"}
GOLDEN: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, HEAD + "  replicas: 2\n"),
    "replicas and executor": (
        {"replicas": 5, "executor": "other"},
        HEAD.replace("containerd-shim-spin", "other") + "  replicas: 5\n",
    ),
    "variables": (
        {"variable": ["debug=true", "level=1", "greeting=a: b # c"]},
        HEAD
        + """\
  replicas: 2
  variables:
  - name: debug
    value: "true"
  - name: level
    value: "1"
  - name: greeting
    value: "a: b # c"
""",
    ),
    "components, secrets and accounts": (
        {
            "component": ["add", "subtract"],
            "image_pull_secret": ["one", "two"],
            "service_account_name": "runner",
            "azure_identity": True,
        },
        HEAD
        + """\
  replicas: 2
  podLabels:
    azure.workload.identity/use: "true"
  serviceAccountName: runner
  components:
  - add
  - subtract
  imagePullSecrets:
  - name: one
  - name: two
""",
    ),
    "resources": (
        {**LIMITS, "cpu_request": "50m", "memory_request": "64Mi"},
        HEAD
        + """\
  replicas: 2
  resources:
    limits:
      cpu: 100m
      memory: 128Mi
    requests:
      cpu: 50m
      memory: 64Mi
""",
    ),
    "hpa": (
        {**LIMITS, "autoscaler": "hpa", "autoscaler_target_cpu_utilization": 70},
        AUTOSCALED
        + """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: calculator-autoscaler
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: calculator
  minReplicas: 2
  maxReplicas: 3
  metrics:
  - type: Resource
    resource:
      name: cpu
      target:
        type: Utilization
        averageUtilization: 70
  - type: Resource
    resource:
      name: memory
      target:
        type: Utilization
        averageUtilization: 60
""",
    ),
    "keda": (
        {**LIMITS, "autoscaler": "keda", "replicas": 1, "max_replicas": 10},
        AUTOSCALED
        + """\
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: calculator-autoscaler
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: calculator
  minReplicaCount: 1
  maxReplicaCount: 10
  triggers:
  - type: cpu
    metricType: Utilization
    metadata:
      value: "60"
  - type: memory
    metricType: Utilization
    metadata:
      value: "60"
""",
    ),
}


def made(known: Known = UNKNOWN, **given_: Any) -> Scaffold:
    return scaffold(options({"from": IMAGE, **given_}, known))


def documents(text: str) -> dict[str, Any]:
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in yaml.safe_load_all(text)}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_plugins_options_give_the_plugins_documents(name: str) -> None:
    given_, expected = GOLDEN[name]
    assert made(**given_).text == expected


@pytest.mark.parametrize("name", GOLDEN)
def test_every_golden_spin_app_passes_the_crd(name: str) -> None:
    assert crds.refusals(next(yaml.safe_load_all(GOLDEN[name][1]))) == []


def test_every_flag_of_the_plugin_is_there_with_its_short_form() -> None:
    # spin-plugin-kube 0.4.0: pkg/cmd/scaffold.go
    expected = {
        *("--from", "-f", "--replicas", "-r", "--max-replicas", "--autoscaler", "--executor", "--cpu-limit"),
        *("--autoscaler-target-cpu-utilization", "--autoscaler-target-memory-utilization", "--cpu-request"),
        *("--memory-limit", "--memory-request", "--azure-identity", "--service-account-name", "--out", "-o"),
        *("--runtime-config-file", "-c", "--image-pull-secret", "-s", "--variable", "-v", "--component"),
    }
    assert {name for choice in OF_THE_PLUGIN for name in choice.names} == expected
    names = [name for choice in CHOICES for name in choice.names]
    assert len(names) == len(set(names))


def test_a_runtime_config_becomes_a_secret(tmp_path: Path) -> None:
    file = tmp_path / "runtime-config.toml"
    file.write_text('[key_value_store.default]\ntype = "redis"\nurl = "redis://db:6379"\n')
    found = documents(made(runtime_config_file=str(file)).text)
    assert found["SpinApp/calculator"]["spec"]["runtimeConfig"] == {"loadFromSecret": "calculator-runtime-config"}
    secret = found["Secret/calculator-runtime-config"]
    assert base64.b64decode(secret["data"]["runtime-config.toml"]) == file.read_bytes()


def test_a_runtime_config_that_spin_would_refuse_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "runtime-config.toml"
    file.write_text("[key_value_stores]\n")
    with pytest.raises(ExportError, match=r"runtime-config\.toml: .*key_value_stores"):
        made(runtime_config_file=str(file))
    with pytest.raises(ExportError, match=r"can't be read: No such file"):
        made(runtime_config_file=str(tmp_path / "none.toml"))


def test_a_declared_secret_is_never_in_the_spin_app() -> None:
    known = Known(secret=("password",), find={"password": "hunter2", "level": "3"}.get)
    result = made(known, variable=["password", "level"])
    found = documents(result.text)
    assert "hunter2" not in yaml.safe_dump(found["SpinApp/calculator"])
    assert found["SpinApp/calculator"]["spec"]["variables"] == [
        {"name": "level", "value": "3"},
        {"name": "password", "valueFrom": {"secretKeyRef": {"name": "calculator-variables", "key": "password"}}},
    ]
    assert base64.b64decode(found["Secret/calculator-variables"]["data"]["password"]) == b"hunter2"
    assert base64.b64encode(b"hunter2").decode() not in result.shown
    assert documents(result.shown)["Secret/calculator-variables"]["data"] == {"password": "hidden"}


def test_a_value_that_holds_a_known_secret_goes_into_the_secret_whatever_it_is_called() -> None:
    known = Known(hidden=lambda value: "hunter2" in value)
    found = documents(made(known, variable=["dsn=postgres://u:hunter2@db/x"]).text)
    assert "hunter2" not in yaml.safe_dump(found["SpinApp/calculator"])
    assert "dsn" in found["Secret/calculator-variables"]["data"]


def test_plain_variables_can_stand_in_a_config_map() -> None:
    found = documents(made(variable=["a=1", "b=true"], config_map=True).text)
    assert found["ConfigMap/calculator-variables"]["data"] == {"a": "1", "b": "true"}
    where = {"configMapKeyRef": {"name": "calculator-variables", "key": "a"}}
    assert found["SpinApp/calculator"]["spec"]["variables"][0] == {"name": "a", "valueFrom": where}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a=1,b=2", {"a": "1", "b": "2"}),
        ("url=http://x/?q=1", {"url": "http://x/?q=1"}),
        ("list=1,2,3", {"list": "1,2,3"}),
        ('"a=1,2",b=3', {"a": "1,2", "b": "3"}),
    ],
)
def test_commas_part_variables_as_they_do_for_the_plugin(text: str, read: dict[str, str]) -> None:
    spec = made(variable=[text]).resources[0]["spec"]
    assert {one["name"]: one["value"] for one in spec["variables"]} == read


def test_probes_ask_spins_own_health_endpoint() -> None:
    checks = made(probes=True).resources[0]["spec"]["checks"]
    assert checks == {key: {"httpGet": {"path": "/.well-known/spin/health"}} for key in ("readiness", "liveness")}


def test_a_host_gets_an_ingress_with_tls() -> None:
    found = documents(made(host=["app.example.com"], ingress_class="nginx", issuer="letsencrypt").text)
    ingress = found["Ingress/calculator"]
    assert ingress["metadata"]["annotations"] == {"cert-manager.io/cluster-issuer": "letsencrypt"}
    assert ingress["spec"]["tls"] == [{"hosts": ["app.example.com"], "secretName": "calculator-tls"}]
    [rule] = ingress["spec"]["rules"]
    backend = rule["http"]["paths"][0]["backend"]["service"]
    assert (rule["host"], backend) == ("app.example.com", {"name": "calculator", "port": {"number": 80}})
    assert "tls" not in documents(made(host=["app.example.com"], no_tls=True).text)["Ingress/calculator"]["spec"]


def test_a_host_can_be_a_route_of_a_gateway() -> None:
    route = documents(made(host=["app.example.com"], gateway="infra/shared").text)["HTTPRoute/calculator"]["spec"]
    assert route["parentRefs"] == [{"name": "shared", "namespace": "infra"}]
    assert route["rules"] == [{"backendRefs": [{"name": "calculator", "port": 80}]}]
    own = documents(made(host=["app.example.com"], gateway_class="cilium").text)
    [listener] = own["Gateway/calculator"]["spec"]["listeners"]
    assert (listener["protocol"], listener["hostname"]) == ("HTTPS", "app.example.com")
    assert listener["tls"]["certificateRefs"] == [{"name": "calculator-tls"}]


def test_scale_to_zero_says_what_it_needs_and_sends_requests_where_they_wait() -> None:
    result = made(autoscaler="keda", replicas=0, host=["app.example.com"])
    found = documents(result.text)
    assert found["HTTPScaledObject/calculator-autoscaler"]["spec"]["replicas"] == {"min": 0, "max": 3}
    path = found["Ingress/calculator"]["spec"]["rules"][0]["http"]["paths"][0]
    assert path["backend"]["service"]["name"] == "calculator-interceptor"
    waits = found["Service/calculator-interceptor"]["spec"]
    assert waits["externalName"].startswith("keda-add-ons-http-interceptor-proxy.keda.")
    assert "KEDA and its add-on" in result.text.split("apiVersion")[0]


def test_a_cluster_without_the_shim_gets_an_executor_of_its_own() -> None:
    found = documents(made(spin_image="ghcr.io/example/spin:4.1").text)
    assert crds.refusals(found["SpinAppExecutor/spintainer"]) == []
    assert found["SpinAppExecutor/spintainer"]["spec"]["deploymentConfig"] == {"spinImage": "ghcr.io/example/spin:4.1"}
    assert found["SpinApp/calculator"]["spec"]["executor"] == "spintainer"


def test_what_is_saved_is_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    file.write_text("old")
    file.chmod(0o644)
    result = made()
    result.save(file)
    assert file.read_text() == result.text
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["app.yaml"]
    with pytest.raises(ExportError, match="can't be written"):
        result.save(tmp_path / "none" / "app.yaml")


WRONG: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"from": None}, "which image", "-f registry"),
    ({"from": "registry.example.com/Team/App:1"}, "invalid image reference provided", "/team/app:1"),
    ({"from": "https://registry.example.com/a:1"}, "invalid image reference provided", "without the scheme"),
    ({"from": "registry.example.com/a b"}, "invalid image reference provided", "blank"),
    ({"from": "registry.example.com/my_app:1"}, "'my_app' can't be the name", "--name my-app"),
    ({"from": "registry.example.com/2fast"}, "'2fast' can't be the name", "--name fast"),
    ({"name": "x" * 64}, "64 characters", "--name"),
    ({"replicas": 0}, "must be greater than 0", "keda"),
    ({"autoscaler": "vpa"}, "invalid autoscaler type 'vpa'; the autoscaler type must be either", "keda"),
    ({"autoscaler": "hpa"}, "cpu limits must be set when autoscaling is enabled", "--cpu-limit"),
    ({"autoscaler": "hpa", "cpu_limit": "1"}, "memory limits must be set when autoscaling", "--memory-limit"),
    ({**LIMITS, "autoscaler": "hpa", "replicas": 0}, "at least one pod", "keda"),
    ({**LIMITS, "autoscaler": "hpa", "replicas": 5}, r"\(5\) must be less than or equal .* \(3\)", "--max-replicas 5"),
    ({**LIMITS, "autoscaler": "keda", "autoscaler_target_cpu_utilization": 0}, "between 1 and 100", "60"),
    ({"autoscaler": "keda", "replicas": 0}, "which requests start one", "--host"),
    ({"memory_limit": "128MB"}, "--memory-limit can't be '128MB'", "write 128Mi"),
    ({"memory_limit": "lots"}, "can't be 'lots'", "128Mi"),
    ({"memory_limit": "-1Mi"}, "more than nothing", "128Mi"),
    ({"memory_limit": "64Mi", "memory_request": "128Mi"}, "requests.memory is more than its limit", "at most"),
    ({"memory_limit": "64Mi", "instance_memory": "128Mi"}, "invocationLimits.memory is more than", "one instance"),
    ({"component": ["No_Good"]}, "can't be a component id", "no-good"),
    ({"variable": ["Name=1"]}, "can't be the name of a variable", "name"),
    ({"variable": ["name"]}, "the variable name has no value here", "name=VALUE"),
    ({"variable": ["a=hunter2=x,b"]}, "without '='", "comma"),
    ({"host": ["https://app.example.com"]}, "can't be a host", "no scheme"),
    ({"host": ["localhost"]}, "can't be a host", "app.example.com"),
    ({"host": ["a.example.com"], "gateway": "x", "gateway_class": "y"}, "exclude each other", "--gateway names"),
    ({"ingress_class": "nginx"}, "--ingress-class is for a host", "--host"),
    ({"tls_cert": "x.pem"}, "belong together", "--tls-secret"),
    ({"measured": True}, "no app here to measure", "--app"),
    ({"concurrency": 3}, "is for --measured", "--measured"),
    ({"executor": "Bad_Name", "spin_image": "x"}, "SpinAppExecutor 'Bad_Name'", "bad-name"),
)


@pytest.mark.parametrize(("given_", "message", "hint"), WRONG, ids=lambda value: str(value)[:50])
def test_what_can_not_be_is_refused_with_what_to_write(given_: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(SpinError, match=message) as caught:
        made(**given_)
    assert hint in caught.value.hint
    assert "hunter2" not in str(caught.value)


def test_an_unknown_component_is_named_with_the_nearest() -> None:
    with pytest.raises(ExportError, match="no component 'ad'") as caught:
        made(Known(components=("add", "subtract")), component=["ad"])
    assert caught.value.hint == "did you mean add?"


_words = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@settings(max_examples=60, deadline=None)
@given(
    name=_words,
    variables=st.dictionaries(_words, _texts, max_size=4),
    secrets=st.dictionaries(_words, _texts, max_size=2),
    components=st.lists(_words, max_size=3),
    replicas=st.integers(1, 50),
    autoscaler=st.sampled_from([None, "hpa", "keda"]),
    probes=st.booleans(),
)
def test_whatever_is_written_is_read_back_and_passes_the_crds(
    name: str,
    variables: dict[str, str],
    secrets: dict[str, str],
    components: list[str],
    replicas: int,
    autoscaler: str | None,
    probes: bool,
) -> None:
    result = scaffold(
        options(
            {
                "from": f"registry.example.com/{name}:1",
                "variable": [_csv(key, value) for key, value in variables.items()],
                "secret": [_csv(key, value) for key, value in secrets.items()],
                "component": components,
                "replicas": replicas,
                "max_replicas": replicas + 1,
                "autoscaler": autoscaler,
                "probes": probes,
                **LIMITS,
            },
            Known(),
        )
    )
    read = list(yaml.safe_load_all(result.text))
    assert read == [_plain(one) for one in result.resources]
    assert crds.refusals(read[0]) == []
    clear = {one["name"]: one["value"] for one in read[0]["spec"].get("variables", ()) if "value" in one}
    assert clear == {key: value for key, value in variables.items() if key not in secrets}


def _csv(name: str, value: str) -> str:
    """As a shell passes it on, quoted where a comma or a second '=' would part it."""
    text = f"{name}={value}"
    return text if text.count("=") == 1 else '"' + text.replace('"', '""') + '"'


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, str) else value
