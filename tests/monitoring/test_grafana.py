"""The dashboard, held against the types that Grafana itself is built with, where Node and they are installed."""

import json
import shutil
import subprocess
from pathlib import Path

from support.node_packages import lend_packages

DASHBOARD = Path(__file__).parent.parent.parent / "systemd" / "grafana-dashboard.json"
TYPES = Path(__file__).with_name("grafana_types.ts")
OPTIONS = ("--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "esnext")


def test_the_dashboard_is_one_by_grafanas_own_types(tmp_path: Path) -> None:
    """No key is unknown, missing or of another kind, in the dashboard or in its panels' options."""
    lend_packages(tmp_path, "@grafana/schema", "typescript")
    shutil.copy(TYPES, tmp_path)
    (tmp_path / "dashboard.ts").write_text(_as_typescript(DASHBOARD.read_text()))
    compiler = tmp_path / "node_modules" / "typescript" / "bin" / "tsc"
    command = ["node", compiler, *OPTIONS, "--moduleResolution", "bundler", "dashboard.ts"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout + done.stderr == ""


def _as_typescript(dashboard: str) -> str:
    """A value for each type: written out, since what TypeScript imports from JSON has forgotten its literal values."""
    values = [f"const dashboard: PlainDashboard = {dashboard};"]
    for panel in json.loads(dashboard)["panels"]:
        kind, number, defaults = panel["type"], panel["id"], panel["fieldConfig"]["defaults"]
        values.append(f'const options{number}: Options["{kind}"] = {json.dumps(panel["options"])};')
        values.append(f'const custom{number}: Custom["{kind}"] = {json.dumps(defaults.get("custom", {}))};')
    return "\n".join(['import type { Custom, Options, PlainDashboard } from "./grafana_types";', *values])
