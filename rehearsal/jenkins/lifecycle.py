"""From the first 503 to the last saved queue: boot in a real controller's order, shutdown on SIGTERM."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from rehearsal.jenkins import execution
from rehearsal.jenkins.application import Application
from rehearsal.jenkins.controller import WIZARD_STATE, Controller, Options
from rehearsal.jenkins.cron import CronClock
from rehearsal.jenkins.detached import LAST_VERSION_FILE, place_bundled
from rehearsal.jenkins.guard import GUARD_FILE
from rehearsal.jenkins.pages import starting
from rehearsal.jenkins.scripts.arguments import script_arguments, script_name
from rehearsal.jenkins.scripts.guard_scripts import apply_guard
from rehearsal.jenkins.web import Request, Response

__all__ = ["Lifecycle"]

_BOOT_SECONDS = 3.0
_STOP_SECONDS = 1.2
"""A real one ended about 1.6 s after SIGTERM."""


class Lifecycle:
    """One run of a controller. ``ended`` is set when the process should leave."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._controller: Controller | None = None
        self._application: Application | None = None
        self._clock: CronClock | None = None
        self.ended = threading.Event()
        self.restart = False

    def answer(self, request: Request) -> Response:
        return starting() if self._application is None else self._application.answer(request)

    def boot(self) -> None:
        """Boot in the background; requests are answered with 503 until it is done."""
        threading.Thread(target=self._boot, name="boot", daemon=True).start()

    def request_exit(self, restart: bool) -> None:
        self.restart = restart
        self.ended.set()

    def shut_down(self) -> None:
        """Save the queue, fail the freestyle builds that run, leave pipelines to be resumed. Takes about a second."""
        until = time.monotonic() + self._options.seconds("rehearsal.stop.seconds", _STOP_SECONDS)
        controller = self._controller
        if controller is not None:
            with controller.lock:
                controller.stopping = True
                if self._clock is not None:
                    self._clock.stop()
                if controller.queue.loaded:
                    controller.queue.save()
                for running in list(controller.executing.values()):
                    if not running.build.pipeline:
                        execution.finish(controller, running, "FAILURE")
                    running.wake.set()
                controller.changed.notify_all()
            controller.journal.info("jenkins.model.Jenkins$16#onAttained", "System termination complete")
        time.sleep(max(0.0, until - time.monotonic()))

    def _boot(self) -> None:
        began = time.monotonic()
        seconds = self._options.seconds("rehearsal.boot.seconds", _BOOT_SECONDS)
        placed = place_bundled(self._options.home, self._options.war, self._options.version)
        controller = Controller(self._options)
        self._controller = controller
        self._clock = CronClock(controller.check_timers, together=controller.lock)
        self._application = Application(controller, self.request_exit)
        if placed:
            text = f"Upgraded Jenkins. Loaded detached plugins (and dependencies): [{', '.join(placed)}]"
            controller.journal.info("hudson.PluginManager#loadDetachedPlugins", text)
        for name, cause in controller.plugins.failed.items():
            controller.journal.severe(
                "jenkins.InitReactorRunner$1#onTaskFailed", f"Failed Loading plugin {name}\n{cause}"
            )
        # Extensions take most of a boot. Then jobs and the queue are loaded and timers begin. The init scripts run after
        # that, beside the queue's first maintenance, which comes within five seconds: a race that they mostly win.
        time.sleep(max(0.0, began + 0.8 * seconds - time.monotonic()))
        scripts_lose = self._options.properties.get("rehearsal.init.late") == "true"
        with controller.lock:
            controller.load_items()
            controller.load_queue()
        self._clock.start()
        if scripts_lose:
            controller.start_maintenance()
            controller.maintained.wait()
        time.sleep(max(0.0, began + 0.9 * seconds - time.monotonic()))
        self._run_init_scripts(controller)
        if not scripts_lose:
            controller.start_maintenance()
        time.sleep(max(0.0, began + seconds - time.monotonic()))
        with controller.lock:
            controller.end_orphans()
            self._save_install_state(controller)
            controller.listen_for_agents()
            controller.ready = True
        controller.journal.info("hudson.lifecycle.Lifecycle#onReady", "Jenkins is fully up and running")

    def _run_init_scripts(self, controller: Controller) -> None:
        """``init.groovy.d``: an exception in one is a line in the log and nothing more."""
        directory = controller.home / "init.groovy.d"
        for path in sorted(directory.glob("*.groovy")) if directory.is_dir() else ():
            try:
                if controller.options.properties.get("rehearsal.init.fail") == "true":
                    raise ValueError("java.lang.IllegalStateException: made to fail")
                self._run_init_script(controller, path)
            except (OSError, ValueError, KeyError, TypeError) as error:
                controller.journal.warning(
                    "jenkins.util.groovy.GroovyHookScript#execute", f"Failed to run script {path}: {error}"
                )

    def _run_init_script(self, controller: Controller, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        controller.journal.info("jenkins.util.groovy.GroovyHookScript#execute", f"Executing {path}")
        if path == controller.home / GUARD_FILE and script_name(text) == "guard":
            with controller.lock:
                apply_guard(controller.guard, script_arguments(text))
                controller.changed.notify_all()

    def _save_install_state(self, controller: Controller) -> None:
        (controller.home / LAST_VERSION_FILE).write_text(controller.version)
        if controller.setup_complete:
            (controller.home / WIZARD_STATE).write_text(controller.version)
        (controller.home / ".lastStarted").touch()
        controller.settings.save(controller.version)
