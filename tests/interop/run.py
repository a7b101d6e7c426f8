#!/usr/bin/env python3
"""Interop: clients and libraries that we did not write, against a running signetd.

  tests/interop/run.py [--signetd FILE]

Prints one line per check and at last `N passed, N failed`. Installs npm jose, openid-client and
oauth4webapi and the Python libraries joserfc, jwcrypto, authlib and PyJWT under build/interop,
once, and moto and boto3 (a stand-in for AWS, and its judge).
"""

import json
import pathlib
import shutil
import subprocess
import sys
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "chaos"))
import harness  # noqa: E402

harness.in_venv()
warnings.simplefilter("ignore")  # the libraries warn of EdDSA's new name

import algorithm_checks  # noqa: E402
import aws_checks  # noqa: E402
import aws_server  # noqa: E402
import azure_checks  # noqa: E402
import bad_input  # noqa: E402
import cli_checks  # noqa: E402
import cross  # noqa: E402
import cryptoperiod_checks  # noqa: E402
import demo_checks  # noqa: E402
import demo_secret_checks  # noqa: E402
import keystore_checks  # noqa: E402
import limit_checks  # noqa: E402
import metrics_checks  # noqa: E402
import google_checks  # noqa: E402
import hsm_checks  # noqa: E402
import inject_checks  # noqa: E402
import planned_rotation_checks  # noqa: E402
import python_checks  # noqa: E402
import resource_server_checks  # noqa: E402
import resource_server_cluster_checks  # noqa: E402
import rotation_checks  # noqa: E402
import setting  # noqa: E402
import store_health_checks  # noqa: E402
import tls_checks  # noqa: E402
import vault_checks  # noqa: E402
from results import Results  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
JS = harness.BUILD / "interop" / "js"


def install_js():
    if shutil.which("node") is None:
        return "node is not installed"
    JS.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "js" / "package.json").read_text()
    mine = JS / "package.json"
    if not (JS / "node_modules").exists() or not mine.exists() or mine.read_text() != wanted:
        mine.write_text(wanted)
        shutil.copy(HERE / "js" / ".npmrc", JS)
        for attempt in range(3):  # the registry may be busy
            if subprocess.run(["npm", "install", "--silent"], cwd=JS, check=attempt == 2).returncode == 0:
                break
    for source in (HERE / "js").glob("*.mjs"):
        shutil.copy(source, JS)
    return None


def js_folder():
    missing = install_js()
    if missing:
        raise RuntimeError(missing)
    return JS


def run_js(results, world):
    missing = install_js()
    if missing:
        results.fail("JavaScript clients", missing)
        return
    facts = world.server.workdir / "facts.json"
    facts.write_text(json.dumps(world.facts()))
    for script in ("jose_checks.mjs", "openid_client_checks.mjs", "oauth4webapi_checks.mjs"):
        done = subprocess.run([*setting.NODE, script, str(facts)], cwd=JS, capture_output=True, text=True,
                              timeout=900)
        for line in done.stdout.splitlines():
            verdict, _, rest = line.partition(" ")
            name, _, why = rest.partition(" :: ")
            if verdict == "ok":
                results.ok(name)
            elif verdict == "FAIL":
                results.fail(name, why)
        if done.returncode != 0 or not done.stdout:
            results.fail(script, (done.stderr or "ended early").strip()[-600:])


def run_cross_js(jobs):
    """What npm jose makes of the jobs of cross.py."""
    missing = install_js()
    if missing:
        raise RuntimeError(missing)
    done = subprocess.run([*setting.NODE, "cross.mjs", str(jobs)], cwd=JS, capture_output=True, text=True, timeout=900)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[-600:])
    return json.loads(done.stdout)


def main():
    options = harness.arguments(__doc__.splitlines()[0])
    results = Results()

    def run(module, *arguments):
        with results.part(module.__name__):
            module.run(results, *arguments)

    with results.part("setting"), setting.World(options) as world:
        run(python_checks, world)
        with results.part("js"):
            run_js(results, world)
        run(cross, world, options.signet, run_cross_js)
        run(bad_input, world)
        run(resource_server_checks, world)
    with results.part("aws_server"), aws_server.Aws() as aws:
        run(aws_checks, options, aws)
        run(planned_rotation_checks, options, aws)
    for module in (cli_checks, demo_checks, keystore_checks, store_health_checks, google_checks, azure_checks, vault_checks,
                   hsm_checks, inject_checks, limit_checks, metrics_checks, cryptoperiod_checks, demo_secret_checks,
                   algorithm_checks, tls_checks, resource_server_cluster_checks):
        run(module, options)
    run(rotation_checks, options, js_folder)
    sys.exit(results.finish())


if __name__ == "__main__":
    main()
