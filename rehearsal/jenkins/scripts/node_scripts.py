"""Nodes, clouds and the lazily made secret key: nodes, add-nodes, withdraw-nodes, ensure-secret-key."""

from __future__ import annotations

from typing import Any

from rehearsal.jenkins import documents
from rehearsal.jenkins.scripts.session import Session

__all__ = ["SCRIPTS"]


def nodes(session: Session, _arguments: dict[str, Any]) -> dict[str, Any]:
    computers, settings = session.controller.computers, session.controller.settings
    return {
        "nodes": {name: _without_header(computers.xml(name)) for name in sorted(computers.agents)},
        "clouds": settings.clouds(),
        "executors": computers.built_in.executors,
        "busy": [name for name, agent in sorted(computers.agents.items()) if not agent.idle],
    }


def _without_header(xml: str) -> str:
    return documents.render(documents.parse(xml), header=False).rstrip("\n")


def add_nodes(session: Session, arguments: dict[str, Any]) -> dict[str, Any]:
    controller = session.controller
    computers, settings = controller.computers, controller.settings
    for name, xml in arguments["nodes"].items():
        computers.put(name, xml)
    for name, xml in arguments["clouds"].items():
        settings.put_cloud(name, xml)
    computers.set_executors(arguments["executors"])
    port = arguments.get("agentPort")
    if port is not None:
        controller.set_agent_port(port)
    settings.save(controller.version)
    controller.changed.notify_all()
    return {
        "nodes": sorted(computers.agents),
        "clouds": sorted(settings.clouds()),
        "executors": computers.built_in.executors,
        "agentPort": controller.agent_listener.port,
    }


def withdraw_nodes(session: Session, _arguments: dict[str, Any]) -> dict[str, Any]:
    controller = session.controller
    asking = any(one.one_off for one in controller.computers.all())
    for name, agent in list(controller.computers.agents.items()):
        if agent.idle and not (asking and agent.launchable):
            controller.computers.remove(name)
    if not asking:
        controller.settings.clear_clouds()
    controller.settings.save(controller.version)
    return {"left": sorted(controller.computers.agents)}


def ensure_secret_key(session: Session, _arguments: dict[str, Any]) -> dict[str, Any]:
    session.secrets.ensure_secret_key()
    return {"ok": True}


SCRIPTS = {
    "nodes": nodes,
    "add-nodes": add_nodes,
    "withdraw-nodes": withdraw_nodes,
    "ensure-secret-key": ensure_secret_key,
}
