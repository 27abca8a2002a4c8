"""Compiles and runs the bot's scripts with a real Groovy 2.4 against stubs of Jenkins' classes (groovy_stubs/README.md)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from adapters.jenkins.scripts import fill

__all__ = ["GroovyRig"]

STUBS = Path(__file__).parent / "groovy_stubs"
# The same as `Add-Opens` in the manifest of jenkins.war.
OPENS = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in ("java.lang", "java.io", "java.util")]
SCENE = """
import com.thoughtworks.xstream.*
import console.ScriptConsole
import hudson.*
import hudson.matrix.*
import hudson.model.*
import hudson.model.Queue
import hudson.model.queue.*
import hudson.security.*
import hudson.slaves.*
import hudson.triggers.*
import hudson.util.Secret
import jenkins.model.*

jenkins = Jenkins.get()
queue = Queue.instance
text = { name -> new File(System.getProperty('stub.scripts'), name + '.groovy').getText('UTF-8') }
// As python-jenkins sends a script, and takes its answer.
ask = { script ->
    def answer = ScriptConsole.run(script + '\\nprint(")]}.")')
    if (!answer.endsWith(')]}.')) { throw new IllegalStateException(answer) }
    answer.substring(0, answer.lastIndexOf('\\n'))
}
run = { name -> ask(text(name)) }
runWith = { name, arguments ->
    def packed = groovy.json.JsonOutput.toJson(arguments).getBytes('UTF-8').encodeBase64().toString()
    ask(text(name).replaceFirst(/new String\\('[^']*'/, "new String('" + packed + "'"))
}
tell = { value -> println('TOLD:' + groovy.json.JsonOutput.toJson(value)) }
job = { name, parent = jenkins -> def made = new FreeStyleProject(parent, name); parent.items << made; made.rootDir.mkdirs(); made }
by = { Cause... causes -> new CauseAction(causes as Cause[]) }
resultOf = { text ->
    def line = text.readLines().find { it.startsWith('CI-UPGRADE-RESULT:') }
    if (line == null) { throw new IllegalStateException(text) }
    new groovy.json.JsonSlurper().parseText(line - 'CI-UPGRADE-RESULT:')
}
"""


PLAYER = """
def usual = new Properties()
usual.putAll(System.properties)
System.in.newReader('UTF-8').eachLine { line ->
    def asked = new groovy.json.JsonSlurper().parseText(line)
    System.properties = usual.clone()
    System.setProperty('stub.home', asked.home)
    System.setProperty('stub.scripts', asked.scripts)
    // The stubs are loaded anew for each scene, so that nothing that one has set is there in the next.
    def loader = new GroovyClassLoader(GroovyShell.classLoader)
    asked.classes.each { loader.addClasspath(it) }
    Thread.currentThread().contextClassLoader = loader
    try {
        new GroovyShell(loader).evaluate(new File(asked.scene).getText('UTF-8'), 'scene')
    } catch (Throwable error) {
        error.printStackTrace(System.out)
        println 'FAILED'
    }
    println 'PLAYED'
}
"""


class GroovyRig:
    """Compiled stubs, and one Java that plays scenes; each scene has stubs and a JENKINS_HOME of its own."""

    def __init__(self, directory: Path) -> None:
        compiler = shutil.which("javac")
        assert compiler is not None, "the tests of the scripts need javac and Groovy 2.4 (`make system`)"
        self.java_home = Path(compiler).resolve().parents[1]
        self.classes = directory / "stubs"
        self.classes.mkdir(parents=True)
        sources = [str(path) for path in sorted(STUBS.rglob("*.java"))]
        subprocess.run(
            [compiler, "-nowarn", "-d", str(self.classes), "-cp", _groovy_path(), *sources],
            check=True,
            capture_output=True,
            timeout=120,
        )
        player = directory / "player.groovy"
        player.write_text(PLAYER, encoding="utf-8")
        self._java = subprocess.Popen(
            [
                str(self.java_home / "bin" / "java"),
                *OPENS,
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dfile.encoding=UTF-8",
                "-cp",
                _groovy_path(),
                "groovy.ui.GroovyMain",
                str(player),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def close(self) -> None:
        self._java.communicate()

    def compile(self, sources: list[Path], target: Path) -> subprocess.CompletedProcess[str]:
        """What ``groovyc`` of the Groovy that the distribution has makes of the files."""
        return subprocess.run(
            ["groovyc", "-cp", str(self.classes), "-d", str(target), *map(str, sources)],
            env={**os.environ, "JAVA_HOME": str(self.java_home), "JAVA_OPTS": " ".join(OPENS)},
            capture_output=True,
            text=True,
            timeout=120,
        )

    def play(
        self,
        directory: Path,
        scene: str,
        scripts: Mapping[str, tuple[str, Mapping[str, Any]]],
        *,
        more: Path | None = None,
    ) -> list[Any]:
        """Run a scene in Groovy that calls ``run('name')`` for scripts filled with arguments; returns what it ``tell``s.

        ``runWith('name', arguments)`` fills a script with arguments that the scene made.

        ``more``: classes beside the stubs, as a plugin brings them.
        """
        home = directory / "home"
        home.mkdir(parents=True, exist_ok=True)
        for name, (script, arguments) in scripts.items():
            (directory / f"{name}.groovy").write_text(fill(script, dict(arguments)), encoding="utf-8")
        file = directory / "scene.txt"
        file.write_text(SCENE + scene, encoding="utf-8")
        classes = [f"{place}/" for place in (self.classes, more) if place is not None]
        asked = {"scene": str(file), "home": str(home), "scripts": str(directory), "classes": classes}
        lines = list(self._played(json.dumps(asked)))
        assert "FAILED" not in lines, "\n".join(lines[-60:])
        return [json.loads(line.removeprefix("TOLD:")) for line in lines if line.startswith("TOLD:")]

    def _played(self, asked: str) -> Iterator[str]:
        assert self._java.stdin is not None
        assert self._java.stdout is not None
        self._java.stdin.write(asked + "\n")
        self._java.stdin.flush()
        for line in self._java.stdout:
            if line == "PLAYED\n":
                return
            yield line.rstrip("\n")
        raise AssertionError(f"Java has ended with {self._java.wait()}")


def _groovy_path() -> str:
    starter = shutil.which("groovyc")
    assert starter is not None, "the tests of the scripts need Groovy 2.4 (`make system`)"
    home = Path(os.environ.get("GROOVY_HOME", "/usr/share/groovy"))
    return f"{home}/lib/*"
