"""What watches the connector names only what there is: metrics in documents, rules and dashboard; and the other way round."""

import json
import re
from pathlib import Path

import pytest
import yaml

from connector.web.metrics import GAUGES, Metrics

ROOT = Path(__file__).parents[1]
RULES = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))
BOARD = json.loads((ROOT / "deploy/grafana/connector.json").read_text(encoding="utf-8"))
GUIDE = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
NAME = re.compile(r"\bconnector_[a-z_]+")
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]


def families():
    """Every metric with its labels, from what /metrics says where everything has a number."""
    metrics = Metrics()
    metrics.count("/pvt/orderForms/simulation", "POST", 200, 0.01)
    counted = {family.name: family for family in metrics.registry.collect()}
    ours = {f"connector_{name}": set(gauge.labels) for name, gauge in GAUGES.items()}
    theirs = {
        f"{name}_total" if family.type == "counter" else name: {label for sample in family.samples for label in sample.labels}
        for name, family in counted.items()
    }
    return ours | theirs


def series():
    """The names under which the metrics are asked for: a histogram has three."""
    names = set(families())
    return names | {f"{name}_{end}" for name in names if name.endswith("_seconds") for end in ("bucket", "sum", "count")}


def test_every_metric_is_documented_with_its_labels_and_the_other_way_round():
    rows = {row[0]: set(re.findall(r"`(\w+)`", row[1])) for row in re.findall(r"^\| `(\w+)` \| [^|]+ \|([^|]*)\|", GUIDE, re.MULTILINE)}

    assert rows == families()


def test_every_gauge_says_what_it_is():
    text = Metrics().text({name: 1 if not gauge.labels else {} for name, gauge in GAUGES.items()}).decode()

    assert all(f"# HELP connector_{name} {gauge.says}.\n# TYPE connector_{name} gauge\n" in text for name, gauge in GAUGES.items())


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_a_rule_asks_for_what_there_is_and_points_to_its_section(rule):
    assert set(NAME.findall(rule["expr"])) <= series()
    assert rule["expr"].count("(") == rule["expr"].count(")")
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert re.fullmatch(r"[0-9]+m", rule["for"])
    section = rule["annotations"]["runbook"].partition("#")[2]
    assert "{{ $labels.alarm }}" in section or f"\n## {section}\n" in (ROOT / "docs/runbook.md").read_text(encoding="utf-8")


# ── the runbook ─────────────────────────────────────────────────────────────────────────────────────────────────────────
RUNBOOK = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
BESIDES = {"not-on-sale", "silent"}
"""Sections of the runbook for what is no alarm of the connector's own."""


def raised_in_code():
    """The names of all alarms, as the code raises them."""
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "connector").rglob("*alarms.py") if "cli" not in path.parts)
    return set(re.findall(r"_?[aA]larm\(\s*\"([a-z-]+)\"", sources))


def sections():
    return dict(re.findall(r"^## ([a-z-]+)\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL))


def test_every_alarm_has_its_section_and_its_row_and_the_other_way_round():
    table = set(
        re.findall(
            r"`([a-z-]+)`", "".join(re.findall(r"^\|([^|]*)\|", (ROOT / "docs/alarms.md").read_text(encoding="utf-8"), re.MULTILINE))
        )
    )

    assert raised_in_code() == set(sections()) - BESIDES == table


@pytest.mark.parametrize("name", sections())
def test_a_section_says_what_it_means_where_to_look_what_to_do_and_when_it_is_over(name):
    text = sections()[name]

    assert name in BESIDES or "**Means**" in text
    assert "```sh look\n" in text
    assert "**Do**" in text
    assert "**Done when**" in text
    assert "```sh done\n" in text


def test_the_dashboard_shows_every_gauge_and_nothing_else():
    asked = {name for panel in BOARD["panels"] for target in panel["targets"] for name in NAME.findall(target["expr"])}

    assert asked <= series()
    assert asked >= {f"connector_{name}" for name in GAUGES}
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
