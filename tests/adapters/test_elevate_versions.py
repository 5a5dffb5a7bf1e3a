"""A cluster takes v3 or v4, never both: the move needs a person, in either direction (F15, F16)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.platforms.elevate.targets.products import ProductTarget
from connectors.sdk.adapter import Adapter
from connectors.sdk.assumptions import AssumptionState, check_assumptions
from connectors.sdk.feeds import ImportResult, ImportState
from connectors.sdk.operations import Action, Operation
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.samples import product
from tests.adapters.writing import NOTHING, feed

Open = Callable[..., Adapter[Any]]
OTHER = {"v3": "v4", "v4": "v3"}


@pytest.fixture(params=["v4", "v3"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def cluster(platform: Callable[[str], SandboxProcess], version: str) -> SandboxProcess:
    """A cluster that is on the other version."""
    process = platform("elevate")
    process.control("POST", "version", json={"account": "cluster", "version": OTHER[version]})
    return process


def send(adapter: Adapter[Any], folder: Path, **how: bool) -> ImportResult:
    target = adapter.target(DataType.PRODUCTS)
    assert isinstance(target, ProductTarget)
    return feed(target, [Operation(Action.CREATE, 1, "", target.payload(product(1), NOTHING))], folder, **how)


def test_a_full_import_moves_the_cluster_only_when_forced(
    open_adapter: Open, cluster: SandboxProcess, version: str, tmp_path: Path
) -> None:
    adapter = open_adapter("elevate", api_version=version)
    asked = send(adapter, tmp_path, replace_all=True)
    assert asked.state is ImportState.HARMFUL
    assert f"on Admin API {OTHER[version]}" in asked.reason and "Forcing this import" in asked.reason
    assert list(cluster.state("version")) == [{"version": OTHER[version]}]
    # v4 asks, because its PUT would move the cluster; v3 is simply refused.
    assert {call["method"] for call in cluster.calls()} == {{"v4": "GET", "v3": "POST"}[version]}
    assert send(adapter, tmp_path, replace_all=True, force=True).state is ImportState.DONE
    assert list(cluster.state("version")) == [{"version": version}] and len(list(cluster.state("groups"))) == 1
    assert any("downgrade" in call["query"] for call in cluster.calls()) is (version == "v3")
    # From then on it goes on by itself, and the other version is told so.
    assert send(adapter, tmp_path).state is ImportState.DONE
    assert f"on Admin API {version}" in send(open_adapter("elevate", api_version=OTHER[version]), tmp_path).reason


def test_changes_are_not_sent_by_the_wrong_version(
    open_adapter: Open, cluster: SandboxProcess, version: str, tmp_path: Path
) -> None:
    """405 is not the fault of the data, and not tried again."""
    adapter = open_adapter("elevate", api_version=version)
    for force in (False, True):
        rejected = send(adapter, tmp_path, force=force)
        assert rejected.state is ImportState.HARMFUL and f"on Admin API {OTHER[version]}" in rejected.reason
        assert f"Choose {OTHER[version]}" in rejected.reason and "Send everything again" in rejected.reason
    assert list(cluster.state("groups")) == []


def test_before_the_upgrade_a_comparison_reads_what_it_will_be(
    open_adapter: Open, platform: Callable[[str], SandboxProcess], tmp_path: Path
) -> None:
    """export/catalog answers 405 until then."""
    platform("elevate")
    assert send(open_adapter("elevate", api_version="v3"), tmp_path, replace_all=True).state is ImportState.DONE
    target = open_adapter("elevate").target(DataType.PRODUCTS)
    assert isinstance(target, ProductTarget)
    wanted = target.payload(product(1), NOTHING)
    assert wanted is not None
    existing = target.read_existing(cursor=None).items
    assert existing.keys() == {"p1"}
    exported = existing["p1"]
    assert exported is not None
    [found], [sent] = (each["productGroup"]["products"].values() for each in (exported, wanted))
    assert found["variants"] == sent["variants"] and found["images"][0]["defaults"]["urls"]
    assert target.find_existing({"p1", "p9"}) == {"p1"}


def test_the_connection_test_proposes_the_version(open_adapter: Open, cluster: SandboxProcess, version: str) -> None:
    finding = check_assumptions(open_adapter("elevate", api_version=version), seconds=30)["version"]
    assert finding.state is AssumptionState.REFUTED and finding.settings == {"api_version": OTHER[version]}
