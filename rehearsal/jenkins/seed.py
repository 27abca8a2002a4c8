"""A JENKINS_HOME full of work: jobs, history, views, users. Both the stand-in and a real Jenkins start on it."""

from __future__ import annotations

import argparse
import json
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rehearsal.jenkins import documents
from rehearsal.jenkins import seed_documents as texts
from rehearsal.jenkins.actions import Actions, string_parameter, timer_cause, user_cause
from rehearsal.jenkins.builds import Build, write_build
from rehearsal.jenkins.items import Job
from rehearsal.jenkins.plugins import make_plugin
from rehearsal.jenkins.secret_files import REMEMBER_ME_KEY, SecretFiles
from rehearsal.jenkins.users import new_api_token, write_users

__all__ = ["Accounts", "seed_home"]

_PASSWORD = "rehearsal-password"
_HOUR_MS = 3_600_000
_PLUGINS = (
    ("cloudbees-folder", "6.858.v898218f3609d", ""),
    ("command-launcher", "107.v773860566e2e", "script-security:1.78"),
    ("credentials", "1311.vcf0a_900b_37c2", "structs:1.20"),
    ("display-url-api", "2.200.vb_9327d658781", ""),
    ("scm-api", "683.vb_16722fb_b_80b_", "structs:1.20"),
    ("script-security", "1313.v7a_6067dc7087", ""),
    ("structs", "337.v1b_04ea_4df7c8", ""),
    ("workflow-api", "1291.v51fd2a_625da_7", "scm-api:1,workflow-step-api:1"),
    ("workflow-cps", "3880.vb_ef4b_5cfd270", "workflow-api:1,workflow-job:1;resolution:=optional"),
    ("workflow-job", "1400.v7fd111b_ec82f", "workflow-api:1,display-url-api:2"),
    ("workflow-step-api", "657.v03b_e8115821b_", "structs:1"),
)


@dataclass(frozen=True)
class Accounts:
    """Who may sign in to a seeded home. Both users are administrators and share the password."""

    admin_user: str
    admin_token: str
    bot_user: str
    bot_token: str
    password: str


@dataclass(frozen=True)
class _Plan:
    """One job to write."""

    name: str
    config: str
    pipeline: bool = False
    timer: bool = False
    seconds: int = 0


def seed_home(
    home: Path,
    *,
    version: str,
    jobs: int,
    builds: int,
    seed: int,
    root_url: str,
    executors: int,
    pipelines: bool,
    agent_port: int = -1,
) -> Accounts:
    """Write a home for ``version`` with ``jobs`` jobs and ``builds`` finished builds.

    ``canary`` (concurrent, TICKET, no sleep), ``timer-K`` (every minute, about 1 s, one in eight jobs), ``serial-N`` (one build at a
    time, TICKET, 1-3 s), ``app-N`` (concurrent, TICKET, 1-2 s). With ``pipelines`` also ``pipe-N`` (TICKET, 2-4 s), a folder
    ``team-a`` that holds every second app and serial, the node ``agent-1``, credentials and the plugins that all this needs;
    without, the home needs no plugin and a real Jenkins starts on it. The same ``seed`` gives the same jobs and tokens.

    :raises FileExistsError: when there is a home already.
    """
    if (home / "config.xml").exists():
        raise FileExistsError(f"{home} is a Jenkins home already")
    chance = random.Random(seed)
    accounts = _accounts(chance)
    users = {
        accounts.admin_user: (accounts.admin_token, _PASSWORD),
        accounts.bot_user: (accounts.bot_token, _PASSWORD),
    }
    home.mkdir(parents=True, exist_ok=True)
    documents.write_text(home / "config.xml", texts.global_config(version, executors, agent_port))
    documents.write_text(
        home / "jenkins.model.JenkinsLocationConfiguration.xml",
        texts.LOCATION.format(url=root_url.rstrip("/") + "/"),
    )
    for state in ("jenkins.install.InstallUtil.lastExecVersion", "jenkins.install.UpgradeWizard.state"):
        (home / state).write_text(version)
    write_users(home, users)
    plans = _plans(jobs, chance, pipelines)
    for plan in plans:
        directory = _directory(home, plan.name)
        documents.write_text(directory / "config.xml", plan.config)
    _write_history(home, plans, builds, version, chance)
    if pipelines:
        _write_extras(home)
    else:
        documents.write_text(
            home / "init.groovy.d" / "rehearsal-accounts.groovy", texts.accounts_script(users)
        )
    return accounts


def _accounts(chance: random.Random) -> Accounts:
    tokens = [new_api_token(f"{chance.getrandbits(128):032x}") for _ in range(2)]
    return Accounts("admin", tokens[0], "upgrade-bot", tokens[1], _PASSWORD)


def _directory(home: Path, name: str) -> Path:
    return home.joinpath(*(part for piece in name.split("/") for part in ("jobs", piece)))


def _plans(jobs: int, chance: random.Random, pipelines: bool) -> list[_Plan]:
    timers = max(1, jobs // 8)
    others = max(0, jobs - 1 - timers)
    pipes = max(1, others // 5) if pipelines and others >= 3 else 0
    serials = (others - pipes + 2) // 3
    apps = others - pipes - serials
    plans = [_Plan("canary", texts.freestyle("echo canary $TICKET", ticket=True, concurrent=True))]
    for number in range(1, timers + 1):
        config = texts.freestyle("echo tick; sleep 1", ticket=False, concurrent=False, timer="* * * * *")
        plans.append(_Plan(f"timer-{number}", config, timer=True, seconds=1))
    for number in range(1, serials + 1):
        seconds = chance.randint(1, 3)
        config = texts.freestyle(f"echo serial $TICKET; sleep {seconds}", ticket=True, concurrent=False)
        plans.append(_Plan(_placed(f"serial-{number}", number, pipelines), config, seconds=seconds))
    for number in range(1, apps + 1):
        seconds = chance.randint(1, 2)
        label = "linux" if pipelines and number % 4 == 2 else None
        config = texts.freestyle(
            f"echo app $TICKET; sleep {seconds}", ticket=True, concurrent=True, label=label
        )
        plans.append(_Plan(_placed(f"app-{number}", number, pipelines), config, seconds=seconds))
    for number in range(1, pipes + 1):
        seconds = chance.randint(2, 4)
        plans.append(
            _Plan(
                f"pipe-{number}",
                texts.pipeline(f'echo "pipe $TICKET"\nsleep {seconds}\n'),
                pipeline=True,
                seconds=seconds,
            )
        )
    return plans


def _placed(name: str, number: int, folders: bool) -> str:
    return f"team-a/{name}" if folders and number % 2 == 0 else name


def _write_history(home: Path, plans: list[_Plan], builds: int, version: str, chance: random.Random) -> None:
    """Finished builds, dealt out in turn, the last of them an hour ago."""
    now_ms = int(time.time() * 1000)
    counts = [builds // len(plans) + (index < builds % len(plans)) for index in range(len(plans))]
    for plan, count in zip(plans, counts, strict=True):
        directory = _directory(home, plan.name)
        job = Job(plan.name, directory, None, "")
        for number in range(1, count + 1):
            started = now_ms - (count - number + 1) * _HOUR_MS
            _write_build(home, plan, directory / "builds" / str(number), number, started, version, chance)
        documents.write_text(directory / "nextBuildNumber", f"{count + 1}\n")
        if count:
            (directory / "builds" / "legacyIds").touch()
            job.load_builds()
            job.save_permalinks(version)


def _write_build(
    home: Path,
    plan: _Plan,
    directory: Path,
    number: int,
    started_ms: int,
    version: str,
    chance: random.Random,
) -> None:
    ticket = f"seed-{plan.name.replace('/', '-')}-{number}"
    actions = (
        Actions(causes={timer_cause(): 1})
        if plan.timer
        else Actions((string_parameter("TICKET", ticket),), {user_cause("admin"): 1})
    )
    failed = chance.random() < 0.1
    build = Build(
        number=number,
        directory=directory,
        pipeline=plan.pipeline,
        queue_id=chance.randrange(1, 100_000),
        timestamp=started_ms,
        start_time=started_ms + 3,
        duration=plan.seconds * 1000 + chance.randint(10, 60),
        result="FAILURE" if failed else "SUCCESS",
        version=version,
        actions=actions,
    )
    directory.mkdir(parents=True)
    started_by = "Started by timer" if plan.timer else "Started by user admin"
    lines = [
        started_by,
        "Running as SYSTEM",
        f"Building in workspace {home}/workspace/{plan.name}",
        f"Finished: {build.result}",
        "",
    ]
    build.append_log("\n".join(lines))
    if not plan.pipeline:
        (directory / "changelog.xml").write_text("<log/>")
    write_build(build, f"{home}/workspace/{plan.name}")


def _write_extras(home: Path) -> None:
    """What only the stand-in understands, for it looks at manifests and never runs a plugin."""
    if (home / "jobs" / "team-a").is_dir():
        documents.write_text(home / "jobs" / "team-a" / "config.xml", texts.FOLDER)
    documents.write_text(home / "nodes" / "agent-1" / "config.xml", texts.AGENT)
    secrets = SecretFiles(home)
    secrets.create_core()
    # A home in use has this key: someone signed in with "keep me signed in" before.
    secrets.make(REMEMBER_ME_KEY)
    documents.write_text(home / "credentials.xml", texts.credentials(secrets.encrypt("robot")))
    for name, plugin_version, dependencies in _PLUGINS:
        make_plugin(home / "plugins" / f"{name}.jpi", name, plugin_version, dependencies=dependencies)


def main() -> None:
    """Seed a home from the command line and print the accounts as JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--version", default="2.426.2")
    parser.add_argument("--jobs", type=int, default=24)
    parser.add_argument("--builds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--root-url", default="http://127.0.0.1:8080/")
    parser.add_argument("--executors", type=int, default=4)
    parser.add_argument("--pipelines", action="store_true")
    given = vars(parser.parse_args())
    accounts = seed_home(given.pop("home"), **given)
    print(json.dumps(asdict(accounts)))  # noqa: T201  the command's result


if __name__ == "__main__":
    main()
