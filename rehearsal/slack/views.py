"""Modals and app homes, each as one person sees it."""

from __future__ import annotations

from rehearsal.slack.errors import ApiError
from rehearsal.slack.records import Json, View
from rehearsal.slack.workspace import SlackWorkspace

__all__ = ["Views"]

MOST_IN_A_STACK = 3


class Views:
    def __init__(self, workspace: SlackWorkspace) -> None:
        self._workspace = workspace
        self.modals: dict[str, list[View]] = {}
        """Person → the modals on top of each other, the visible one last."""
        self.homes: dict[str, View] = {}

    def open(self, user: str, definition: Json) -> View:
        view = self._new(user, definition)
        self.modals[user] = [view]
        self._tell(user)
        return view

    def push(self, user: str, definition: Json) -> View:
        """:raises ApiError: ``not_found`` without an open modal, ``push_limit_reached``."""
        stack = self.modals.get(user, [])
        if not stack:
            raise ApiError("not_found")
        if len(stack) >= MOST_IN_A_STACK:
            raise ApiError("push_limit_reached")
        view = self._new(user, definition)
        view.root_id, view.previous_id = stack[0].id, stack[-1].id
        stack.append(view)
        self._tell(user)
        return view

    def update(self, view: View, definition: Json, expected_hash: str | None = None) -> View:
        """:raises ApiError: ``hash_conflict`` when the view changed meanwhile."""
        if expected_hash and expected_hash != view.hash:
            raise ApiError("hash_conflict")
        self._refuse_duplicate(definition, view)
        view.definition, view.hash = definition, self._hash()
        self._tell(view.user)
        return view

    def publish(self, user: str, definition: Json, expected_hash: str | None = None) -> View:
        """:raises ApiError: ``hash_conflict``."""
        home = self.homes.get(user)
        if home is None:
            home = self.homes[user] = self._new(user, definition)
            self._tell_home(user)
            return home
        self.update(home, definition, expected_hash)
        self._tell_home(user)
        return home

    def find(self, view_id: str | None, external_id: str | None = None) -> View:
        """:raises ApiError: ``not_found``."""
        for view in self._all():
            if view_id == view.id or (external_id and view.definition.get("external_id") == external_id):
                return view
        raise ApiError("not_found")

    def pop(self, view: View) -> None:
        """The person closed or submitted it: the one below shows again."""
        self.modals[view.user] = [each for each in self.modals.get(view.user, []) if each is not view]
        self._tell(view.user)

    def clear(self, user: str) -> None:
        self.modals[user] = []
        self._tell(user)

    def _all(self) -> list[View]:
        return [view for stack in self.modals.values() for view in stack] + list(self.homes.values())

    def _new(self, user: str, definition: Json) -> View:
        self._refuse_duplicate(definition, None)
        id = self._workspace.new_id("V")
        return View(id=id, user=user, definition=definition, hash=self._hash(), root_id=id)

    def _refuse_duplicate(self, definition: Json, own: View | None) -> None:
        external = definition.get("external_id")
        if external and any(
            view is not own and view.definition.get("external_id") == external for view in self._all()
        ):
            raise ApiError("duplicate_external_id")

    def _hash(self) -> str:
        return f"{self._workspace.new_ts()}.{self._workspace.new_id('')[:8].lower()}"

    def _tell(self, user: str) -> None:
        views = [view.to_slack() for view in self.modals.get(user, [])]
        self._workspace.tell("modals", {"user": user, "views": views})

    def _tell_home(self, user: str) -> None:
        self._workspace.tell("home", {"user": user, "view": self.homes[user].to_slack()})
