"""What deploy/ holds is valid, offline: by each tool's own validator and by the product."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.servers import python

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
ENV = {
    "VIOP_HOST": "sessions.example.org",
    "VIOP_MEDIA_ADDRESS": "192.0.2.10",
    "VIOP_SECRET_KEY": "k" * 48,
    "VIOP_AUDIT_KEYS": "a" * 48,
    "VIOP_FIELD_KEYS": "f" * 48,
    "VIOP_TURN_SECRET": "t" * 48,
    "POSTGRES_PASSWORD": "p" * 24,
}
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def run(*words: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in words], env={**os.environ, **env}, capture_output=True, text=True, check=False
    )


def test_the_compose_file_follows_the_compose_specification() -> None:
    checked = run(
        Path(sys.executable).with_name("check-jsonschema"),
        "--builtin-schema",
        "vendor.compose-spec",
        DEPLOY / "compose.yaml",
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_variable_that_compose_wants_is_in_the_example_environment() -> None:
    wanted = set(re.findall(r"\$\{([A-Z_]+)", (DEPLOY / "compose.yaml").read_text()))
    offered = {
        line.split("=")[0] for line in (DEPLOY / ".env.example").read_text().splitlines() if "=" in line
    }
    assert wanted == offered == set(ENV)


def test_no_server_but_the_front_and_the_relay_is_reachable_from_outside() -> None:
    open_to_all = {name for name, service in COMPOSE["services"].items() if service.get("ports")}
    on_the_host = {
        name for name, service in COMPOSE["services"].items() if service.get("network_mode") == "host"
    }
    assert open_to_all == {"caddy"}
    assert on_the_host == {"media", "turn"}


def production() -> dict[str, str]:
    """The web service's environment as compose would give it."""
    raw = COMPOSE["services"]["web"]["environment"]
    filled = {key: re.sub(r"\$\{([A-Z_]+)[^}]*\}", lambda m: ENV[m[1]], value) for key, value in raw.items()}
    return {**os.environ, **filled}


def test_the_settings_that_compose_gives_pass_the_start_up_checks() -> None:
    checked = python("manage.py", "check", "--tag", "security", env=production())
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"VIOP_SECRET_KEY": "short"}, "VIOP_SECRET_KEY"),
        ({"VIOP_AUDIT_KEYS": ""}, "VIOP_AUDIT_KEYS"),
        ({"VIOP_FIELD_KEYS": f"{'f' * 48},short"}, "VIOP_FIELD_KEYS"),
        ({"VIOP_URL": "http://sessions.example.org"}, "VIOP_URL"),
        ({"VIOP_SMS_BACKEND": "sessions.messages.channels.HttpSms"}, "VIOP_SMS_URL"),
        ({"VIOP_DEBUG": "1"}, "VIOP_DEBUG"),
        ({"VIOP_DEMO": "1"}, "VIOP_DEMO"),
        ({"VIOP_HOSTS": "*"}, "VIOP_HOSTS"),
        ({"VIOP_TURN_URLS": "stun:stun.example.net:3478"}, "VIOP_TURN_URLS"),
        ({"VIOP_TURN_SECRET": "short"}, "VIOP_TURN_SECRET"),
        ({"DATABASE_URL": "sqlite:////var/lib/viop/x.sqlite3"}, "DATABASE_URL"),
    ],
)
def test_an_unsafe_setting_refuses_to_start_and_names_itself(change: dict[str, str], word: str) -> None:
    checked = python("manage.py", "check", "--tag", "security", env={**production(), **change})
    assert checked.returncode == 1
    assert word in checked.stderr


def test_the_web_process_itself_refuses_to_listen_when_unsafe() -> None:
    started = python("-c", "import vIOP.asgi", env={**production(), "VIOP_SECRET_KEY": "short"})
    assert started.returncode == 1
    assert "VIOP_SECRET_KEY" in started.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", sorted(path.name for path in (DEPLOY / "systemd").glob("*.service")))
def test_a_systemd_unit_is_valid(unit: str, tmp_path: Path) -> None:
    # the program's path exists only on a server: point the copy at one that exists here
    text = (
        (DEPLOY / "systemd" / unit)
        .read_text()
        .replace("/srv/viop/.venv/bin/", f"{Path(sys.executable).parent}/")
    )
    (tmp_path / unit).write_text(text)
    checked = run("systemd-analyze", "verify", "--man=no", tmp_path / unit)
    complaints = [line for line in checked.stderr.splitlines() if unit in line]
    assert checked.returncode == 0, checked.stderr
    assert complaints == []


@pytest.mark.skipif(shutil.which("caddy") is None, reason="caddy is not installed")
def test_the_caddyfile_is_valid(tmp_path: Path) -> None:
    env = {"VIOP_HOST": ENV["VIOP_HOST"], "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    checked = run(
        "caddy", "adapt", "--config", DEPLOY / "Caddyfile", "--adapter", "caddyfile", "--validate", **env
    )
    assert checked.returncode == 0, checked.stderr


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_the_start_up_scripts_are_sound_shell() -> None:
    checked = run("shellcheck", *sorted((DEPLOY / "bin").iterdir()))
    assert checked.returncode == 0, checked.stdout


def test_the_image_installs_what_the_requirements_pin_and_copies_what_exists() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    assert any("--require-hashes" in line for line in lines)
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), line


def test_no_file_names_a_package_registry() -> None:
    named = run("git", "-C", ROOT, "grep", "-nIE", r'"resolved": *"http|--index-url|registry *= *"?http')
    assert [line for line in named.stdout.splitlines() if "test_deploy.py" not in line] == []
