"""A container image of the stand-in, with the layout of the official one, made without any registry.

uid 1000, ``/var/jenkins_home`` as a volume, ``tini`` as init, ``/usr/share/jenkins/ref``, and a restart that is an exit. The root
file system is put together from this machine's own Python and shell tools. ``python -m rehearsal.controller_image`` makes what a
rehearsal needs.
"""

from __future__ import annotations

import fcntl
import io
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
from docker.errors import ImageNotFound

from rehearsal.jenkins.war import make_war
from rehearsal.launch import STAND_IN_VERSIONS

__all__ = ["BASE", "REPOSITORY", "ensure_base", "ensure_images", "tag"]

BASE = "ci-upgrade-rehearsal/base:1"
REPOSITORY = "ci-upgrade-rehearsal/jenkins"
USER = 1000
_TOOLS = (
    *(
        "awk",
        "bash",
        "cat",
        "chown",
        "cp",
        "date",
        "df",
        "dirname",
        "env",
        "find",
        "grep",
        "head",
        "id",
        "ls",
        "mkdir",
    ),
    *("mv", "rm", "sed", "sh", "sleep", "stat", "tail", "tar", "tini", "touch", "tr", "true", "xargs"),
)
_LEFT_OUT = shutil.ignore_patterns(
    "site-packages",
    "test",
    "tests",
    "idlelib",
    "tkinter",
    "turtledemo",
    "ensurepip",
    "lib2to3",
    "__pycache__",
    "config-*",
    "*.a",
)
_PYTHON = "/opt/python"
_START = r"""#!/bin/bash -e
: "${JENKINS_HOME:=/var/jenkins_home}"
[[ -z "$PRE_CLEAR_INIT_GROOVY_D" ]] || rm -rf "$JENKINS_HOME/init.groovy.d"
touch "$JENKINS_HOME/copy_reference_file.log" || { echo "Can not write to $JENKINS_HOME. Wrong volume permissions?"; exit 1; }
cd /usr/share/jenkins/ref
find . -type f | while IFS= read -r file; do
  [[ -e "$JENKINS_HOME/$file" ]] || { mkdir -p "$JENKINS_HOME/$(dirname "$file")"; cp "$file" "$JENKINS_HOME/$file"; }
done
cd /
if [[ $# -gt 0 && "$1" != --* ]]; then exec "$@"; fi
lifecycle=-Dhudson.lifecycle=hudson.lifecycle.ExitLifecycle
exec python3 -m rehearsal.jenkins $JAVA_OPTS $lifecycle -jar /usr/share/jenkins/jenkins.war $JENKINS_OPTS "$@"
"""


def tag(version: str) -> str:
    """As the official image's tags are made."""
    return f"{REPOSITORY}:{version}-lts-jdk17"


def ensure_images(client: docker.DockerClient, versions: Iterable[str]) -> None:
    """Make the base and an image for each version, unless they are there and made from the stand-in as it is now."""
    with _alone():
        base = _base(client)
        for version in versions:
            _image(client, base, version)


def _image(client: docker.DockerClient, base: str, version: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        war = make_war(Path(directory) / "jenkins.war", version)
        dockerfile = (
            f"FROM {base}\nCOPY jenkins.war /usr/share/jenkins/jenkins.war\nENV JENKINS_VERSION={version}\n"
        )
        context = _tar({"Dockerfile": dockerfile.encode(), "jenkins.war": war.read_bytes()})
        client.images.build(fileobj=context, custom_context=True, tag=tag(version), rm=True, forcerm=True)


def ensure_base(client: docker.DockerClient) -> str:
    """The stand-in without a war; returns the name of the image."""
    with _alone():
        return _base(client)


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time: two that both miss an image would each make one, and move its name under the other's hands."""
    path = Path(tempfile.gettempdir()) / f"ci-upgrade-images-{os.getuid()}"
    with path.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _base(client: docker.DockerClient) -> str:
    try:
        client.images.get(BASE)
    except ImageNotFound:
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory)
            _fill(root)
            with tempfile.TemporaryFile() as file:
                with tarfile.open(fileobj=file, mode="w") as tar:
                    tar.add(root, arcname=".", filter=_ownership)
                file.seek(0)
                repository, _, name = BASE.rpartition(":")
                client.api.import_image_from_data(file, repository=repository, tag=name, changes=_CHANGES)
    # The stand-in's code changes more often than Python: it is a layer of its own, which the engine caches by content.
    sources = Path(__file__).parent
    files = {
        f"rehearsal/{path.relative_to(sources)}": path.read_bytes()
        for path in sorted(sources.rglob("*.py"))
        if path.parent == sources / "jenkins"
        or path.is_relative_to(sources / "jenkins")
        or path == sources / "__init__.py"
    }
    files["start"] = _START.encode()
    files["Dockerfile"] = (
        f"FROM {BASE}\nCOPY rehearsal /opt/stand-in/rehearsal\nCOPY start /usr/local/bin/jenkins.sh\n".encode()
    )
    current = f"{REPOSITORY}:base"
    client.images.build(fileobj=_tar(files), custom_context=True, tag=current, rm=True, forcerm=True)
    return current


_CHANGES = [
    f"ENV PATH={_PYTHON}/bin:/usr/local/bin:/usr/bin:/bin",
    "ENV PYTHONPATH=/opt/stand-in",
    "ENV PYTHONDONTWRITEBYTECODE=1",
    f"ENV LD_LIBRARY_PATH={_PYTHON}/lib",
    "ENV JENKINS_HOME=/var/jenkins_home",
    "ENV JENKINS_SLAVE_AGENT_PORT=50000",
    "ENV REF=/usr/share/jenkins/ref",
    "VOLUME /var/jenkins_home",
    "EXPOSE 8080 50000",
    f"USER {USER}",
    'ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/jenkins.sh"]',
]


def _fill(root: Path) -> None:
    for directory in (
        "usr/bin",
        "usr/local/bin",
        "etc",
        "tmp",
        "var/jenkins_home",
        "usr/share/jenkins/ref",
        "proc",
        "dev",
    ):
        (root / directory).mkdir(parents=True)
    (root / "bin").symlink_to("usr/bin")
    (root / "tmp").chmod(0o1777)
    (root / "etc/passwd").write_text(
        f"root:x:0:0::/root:/bin/sh\njenkins:x:{USER}:{USER}::/var/jenkins_home:/bin/bash\n"
    )
    (root / "etc/group").write_text(f"root:x:0:\njenkins:x:{USER}:\n")
    needed: set[Path] = set()
    for name in _TOOLS:
        found = shutil.which(name)
        if found is None:
            raise FileNotFoundError(f"the rehearsal's image needs the program {name}: install it")
        shutil.copy(found, root / "usr/bin" / name)
        needed |= _libraries(Path(found))
    python = Path(sys.executable).resolve()
    library = Path(sysconfig.get_path("stdlib"))
    target = root / _PYTHON.lstrip("/")
    (target / "bin").mkdir(parents=True)
    shutil.copy(python, target / "bin/python3")
    shutil.copytree(library, target / "lib" / library.name, ignore=_LEFT_OUT, symlinks=False)
    for path in (python, *(target / "lib" / library.name).rglob("*.so")):
        needed |= _libraries(path)
    for path in needed:
        place = root / str(path).lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)


def _libraries(program: Path) -> set[Path]:
    """Shared libraries that a program loads, the loader among them; none for a script."""
    listed = subprocess.run(
        ["/usr/bin/ldd", str(program)], capture_output=True, text=True, check=False
    ).stdout
    return {Path(name) for name in re.findall(r"(/\S+) \(0x", listed)}


def _ownership(member: tarfile.TarInfo) -> tarfile.TarInfo:
    jenkins = member.name.startswith(("./var/jenkins_home", "./usr/share/jenkins"))
    member.uid = member.gid = USER if jenkins else 0
    member.uname = member.gname = ""
    return member


def _tar(files: dict[str, bytes]) -> io.BytesIO:
    """Always the same bytes for the same files, so that the engine's cache recognises them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            tar.addfile(member, io.BytesIO(content))
    buffer.seek(0)
    return buffer


def main() -> None:
    client = docker.from_env(timeout=600)
    ensure_images(client, STAND_IN_VERSIONS)
    client.close()


if __name__ == "__main__":
    main()
