"""What a cluster would refuse is told before: our words beside the CRDs' schema and the operator's webhook."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spinlab.errors import ExportError
from spinlab.export.kube import amounts, schema
from spinlab.export.kube.checks import check, problems
from spinlab.export.kube.resources import Backend, Probe, RuntimeConfig, SpinApp, SpinAppExecutor, Variable
from tests.export.kube import crds

WHOLE = SpinApp(
    "calculator",
    "registry.example.com/team/calculator@sha256:" + "0" * 64,
    namespace="apps",
    labels={"a": "b"},
    annotations={"c": "d"},
    replicas=2,
    pod_labels={"x": "true"},
    pod_annotations={"x": "1"},
    deployment_annotations={"y": "2"},
    service_annotations={"z": "3"},
    service_account_name="runner",
    variables=(
        Variable("a", "true"),
        Variable("b", secret=("s", "b")),
        Variable("c", config_map=("m", "c")),
    ),
    components=("add",),
    limits={"cpu": "1", "memory": "128Mi"},
    requests={"cpu": "0.5", "memory": "64Mi"},
    image_pull_secrets=("one",),
    runtime_config=RuntimeConfig(
        sqlite_databases=(Backend("libsql", "default", (Variable("token", secret=("s", "t")),)),),
        key_value_stores=(Backend("redis", "default", (Variable("url", "redis://db"),)),),
        llm_compute=Backend("remote_http", options=(Variable("url", "http://llm"),)),
    ),
    readiness=Probe(headers={"Host": "x"}, initial_delay=1, timeout=2, period=3, success=4, failure=5),
    liveness=Probe("/alive"),
    volumes=({"name": "v", "emptyDir": {}},),
    volume_mounts=({"name": "v", "mountPath": "/data"},),
    invocation_limits={"memory": "64Mi"},
)
EXECUTOR = SpinAppExecutor(
    "spintainer",
    "apps",
    spin_image="ghcr.io/example/spin:4.1",
    ca_cert_secret="roots",
    install_default_ca_certs=True,
    otel={"exporter_otlp_endpoint": "http://otel:4318"},
)


def app(**spec: Any) -> dict[str, Any]:
    made = copy.deepcopy(SpinApp("app", "registry.example.com/app:1", replicas=2).as_resource())
    made["spec"] = {key: value for key, value in {**made["spec"], **spec}.items() if value is not None}
    return made


def told(resource: dict[str, Any], executors: dict[str, bool] | None = None) -> list[str]:
    return [what for what, _ in problems(resource, executors)]


def test_all_of_a_spin_app_passes_the_crd_and_our_checks() -> None:
    made = WHOLE.as_resource()
    assert crds.refusals(made) == []
    check([made], {"containerd-shim-spin": True})
    fields = crds.schema("SpinApp")["properties"]["spec"]["properties"]
    assert set(fields) - set(made["spec"]) == {"enableAutoscaling"}  # which excludes replicas


def test_all_of_an_executor_passes_the_crd_and_our_checks() -> None:
    made = EXECUTOR.as_resource()
    assert crds.refusals(made) == []
    check([made, SpinAppExecutor(runtime_class="wasmtime-spin-v2").as_resource()])
    fields = crds.schema("SpinAppExecutor")["properties"]["spec"]["properties"]["deploymentConfig"]["properties"]
    assert set(fields) - set(made["spec"]["deploymentConfig"]) == {"runtimeClassName"}  # which excludes spinImage


@pytest.mark.parametrize("kind", ["SpinApp", "SpinAppExecutor"])
def test_our_schema_is_the_crds_field_by_field(kind: str) -> None:
    shape = {"SpinApp": schema.SPIN_APP, "SpinAppExecutor": schema.SPIN_APP_EXECUTOR}[kind]
    _compare(crds.schema(kind)["properties"]["spec"], shape, "spec")


def _compare(node: dict[str, Any], shape: schema.Shape, where: str) -> None:
    kinds = {"text": "string", "whole": "integer", "flag": "boolean", "list": "array", "object": "object"}
    if shape.kind == "anything":
        return
    if shape.kind == "quantity":
        assert node.get("x-kubernetes-int-or-string"), where
        return
    assert node["type"] == ("object" if shape.kind == "map" else kinds[shape.kind]), where
    assert node.get("minItems", 0) == shape.least, where
    if shape.kind == "object":
        assert set(node["properties"]) == set(shape.fields), where
        assert set(node.get("required", ())) == set(shape.required), where
        for name, inner in shape.fields.items():
            _compare(node["properties"][name], inner, f"{where}.{name}")
    elif shape.of is not None and shape.of.kind != "anything":
        _compare(node["items"] if shape.kind == "list" else node["additionalProperties"], shape.of, f"{where}[]")


# The operator's webhook (spin-operator: internal/webhook/spinapp_validating.go), which no CRD has.
WEBHOOK: tuple[tuple[dict[str, Any], dict[str, bool] | None, str], ...] = (
    ({"replicas": 0}, None, "replicas must be > 0"),
    ({"replicas": None}, None, "replicas must be > 0"),
    ({"enableAutoscaling": True}, None, "replicas cannot be set when autoscaling is enabled"),
    ({}, {}, "executor does not exist in namespace"),
    ({}, {"other": True}, "executor does not exist in namespace"),
    (
        {"podAnnotations": {"a": "b"}},
        {"containerd-shim-spin": False},
        "podAnnotations can't be set when the executor does not use operator deployments",
    ),
)


@pytest.mark.parametrize(("spec", "executors", "message"), WEBHOOK)
def test_the_webhooks_rules_are_ours(spec: dict[str, Any], executors: dict[str, bool] | None, message: str) -> None:
    assert crds.refusals(app(**spec)) == []
    [found] = told(app(**spec), executors)
    assert message in found


def test_an_executor_that_comes_along_counts() -> None:
    made = app(executor="spintainer")
    with pytest.raises(ExportError, match="no SpinAppExecutor 'spintainer'"):
        check([made], {})
    check([EXECUTOR.as_resource(), made], {})
    check([made], None)


CRD: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"variables": [{"name": "a", "value": True}]}, "spec.variables[0].value is true", 'quotes: "true"'),
    ({"variables": [{"name": "a", "value": 1}]}, "spec.variables[0].value is 1", 'quotes: "1"'),
    ({"image": None}, "spec has no image", "add spec.image"),
    ({"executor": None}, "spec has no executor", "add spec.executor"),
    ({"bogus": 1}, "spec has no field 'bogus'", "there are"),
    ({"replica": 1}, "spec has no field 'replica'", "did you mean replicas?"),
    ({"replicas": "2"}, "spec.replicas is '2'", "without quotes"),
    ({"components": []}, "spec.components is empty", "leave it out"),
    ({"components": "add"}, "spec.components is 'add', and has to be a list", "a list"),
    ({"podLabels": {"x": True}}, "spec.podLabels.x is true", "quotes"),
    ({"checks": {"readiness": {"httpGet": {}}}}, "httpGet has no path", "path"),
    ({"resources": {"limits": {"memory": None}}}, "spec.resources.limits.memory is empty", "64Mi"),
    ({"runtimeConfig": {"llmCompute": {}}}, "llmCompute has no type", "type"),
)


@pytest.mark.parametrize(("spec", "message", "hint"), CRD)
def test_what_the_crd_refuses_is_told_in_words(spec: dict[str, Any], message: str, hint: str) -> None:
    made = app(**spec)
    assert crds.refusals(made)
    found = list(problems(made))
    assert any(message in what and hint in remedy for what, remedy in found), found


MORE: tuple[tuple[dict[str, Any], str], ...] = (
    ({"image": "registry.example.com/App"}, "invalid image reference provided"),
    ({"resources": {"limits": {"memory": "1GB"}}}, "limits.memory can't be '1GB'"),
    ({"variables": [{"name": "a"}]}, "needs either value or valueFrom"),
    (
        {"variables": [{"name": "a", "value": "x", "valueFrom": {"secretKeyRef": {"key": "k"}}}]},
        "needs either value or valueFrom",
    ),
    ({"checks": {"liveness": {}}}, "has no httpGet"),
    ({"checks": {"liveness": {"httpGet": {"path": "/"}, "successThreshold": 2}}}, "successThreshold is 2"),
    ({"checks": {"readiness": {"httpGet": {"path": "/"}, "periodSeconds": 0}}}, "periodSeconds is 0"),
    ({"runtimeConfig": {"loadFromSecret": "s", "llmCompute": {"type": "spin"}}}, "loadFromSecret beside"),
    ({"invocationLimits": {"cpu": "1"}}, "invocationLimits has no 'cpu'"),
    ({"replicas": 1 << 40}, "more than a cluster can count"),
)


@pytest.mark.parametrize(("spec", "message"), MORE)
def test_what_passes_the_crd_and_can_not_run_is_told_too(spec: dict[str, Any], message: str) -> None:
    assert any(message in what for what in told(app(**spec)))


@pytest.mark.parametrize("config", [{}, {"runtimeClassName": "a", "spinImage": "b"}])
def test_an_executor_has_one_way_to_run_apps(config: dict[str, str]) -> None:
    made = EXECUTOR.as_resource()
    made["spec"]["deploymentConfig"] = config
    assert "either runtimeClassName or spinImage" in told(made)[0]


def test_everything_wrong_is_told_at_once() -> None:
    made = app(replicas=0, image="A")
    made["metadata"]["name"] = "My_App"
    with pytest.raises(ExportError) as caught:
        check([made])
    text = f"{caught.value}\n{caught.value.details}"
    assert all(part in text for part in ("write my-app", "replicas must be > 0", "invalid image reference"))


def test_what_is_no_resource_says_so() -> None:
    assert "apiVersion and kind" in told({"spec": {}})[0]
    assert "apiVersion 'v1'" in told({**app(), "apiVersion": "v1"})[0]


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*schema.SPIN_APP.fields, "name", "value"]), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_whatever_stands_in_a_spec_no_check_breaks_and_what_the_crd_refuses_is_told(spec: Any) -> None:
    made = {**app(), "spec": spec}
    if "volumes" in (spec if isinstance(spec, dict) else ()) or "volumeMounts" in str(spec):
        list(problems(made))
    elif crds.refusals(made):
        assert told(made)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("100m", 0.1), ("0.5", 0.5), ("64Mi", 64 << 20), ("1G", 10**9), ("2Ki", 2048), ("1e3", 1000), (2, 2)],
)
def test_amounts_are_read_as_a_cluster_reads_them(text: str, value: float) -> None:
    assert float(amounts.parse(text, "x")) == value


@pytest.mark.parametrize("text", ["", "x", "1 Mi", "0", "-1", "1Zi", "1mib", "\u0661"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ExportError):
        amounts.parse(text, "x")
