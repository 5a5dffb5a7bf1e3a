"""`./dev bench` lists and runs benchmarks; its exit code says whether all targets were met."""

import pytest

from benchmarks import __main__ as bench
from benchmarks.reporting import Figure, report, table


def test_a_target_includes_its_limit() -> None:
    assert Figure.at_most("answer p99", 25.0, "ms", 25).met
    assert not Figure.at_most("answer p99", 25.1, "ms", 25).met
    assert Figure.at_least("groups", 10_000, "1/s", 10_000).met
    assert not Figure.at_least("groups", 9_999, "1/s", 10_000).met


@pytest.mark.django_db
def test_a_report_contains_figures_and_machine() -> None:
    created = report([Figure.at_most("answer p99", 31, "ms", 25), Figure("rows", 3e6, "rows")])
    assert created["figures"] == [
        {"name": "answer p99", "value": 31, "unit": "ms", "target": "≤ 25", "met": False},
        {"name": "rows", "value": 3e6, "unit": "rows", "target": "", "met": True},
    ]
    assert created["machine"].keys() == {"cpus", "model", "memory_gib", "python", "postgres"}
    first, second, machine = table(created).splitlines()
    assert first.startswith("MISSED answer p99")
    assert second.startswith("ok     rows")
    assert "postgres" in machine


@pytest.mark.parametrize(("met", "code"), [([True, True], 0), ([True, False], 1)])
def test_the_exit_code_tells_whether_targets_were_met(
    monkeypatch: pytest.MonkeyPatch, met: list[bool], code: int
) -> None:
    figures = [{"name": "f", "value": 1, "unit": "s", "target": "", "met": each} for each in met]
    monkeypatch.setattr(bench, "measurements", lambda: {"claim": "How long a claim takes."})
    monkeypatch.setattr(bench, "measure", lambda name, argv: {"figures": figures, "machine": {}})
    assert bench.main(["claim", "--lanes", "3"]) == code


def test_without_a_name_all_are_listed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bench, "measurements", lambda: {"claim": "How long a claim takes."})
    assert bench.main([]) == 0
    assert capsys.readouterr().out.split(maxsplit=1) == ["claim", "How long a claim takes.\n"]


def test_an_unknown_name_is_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as rejection:
        bench.main(["no_such_measurement"])
    assert rejection.value.code == 2
    assert "unknown benchmark 'no_such_measurement'" in capsys.readouterr().err


def test_every_benchmark_has_a_description() -> None:
    assert all(bench.measurements().values())
