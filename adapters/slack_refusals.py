"""What Slack's refusals mean for a message, by table."""

from __future__ import annotations

from enum import Enum, auto

from slack_sdk.errors import SlackApiError

__all__ = ["Meaning", "code_of", "meaning_of", "seconds_to_wait"]

DEFAULT_WAIT_SECONDS = 30.0


class Meaning(Enum):
    SLOWER = auto()
    """Too many calls: wait as long as Slack says."""
    OUTAGE = auto()
    """Slack does not work now, for nobody and nothing."""
    PASSING = auto()
    """Slack stumbled over this call; another may do."""
    TOKEN = auto()
    """Nothing can be sent before somebody mends the token or reinstalls the app."""
    ABSENT = auto()
    """The bot is not in the channel, or cannot see it (which looks the same for a private one): somebody may invite it."""
    CLOSED = auto()
    """Nothing can be written there now: somebody may reopen the channel, or let the bot write in it."""
    FIXED = auto()
    """This message cannot be changed any more."""
    GONE = auto()
    """The message to update, or the one to reply to, is not there any more."""
    UNSHOWABLE = auto()
    """These blocks, or this text, are not taken."""
    NO_FILES = auto()
    """Pictures cannot be uploaded; words can still be sent."""
    UNKNOWN = auto()


# Codes of https://docs.slack.dev/reference/methods: chat.postMessage, chat.update, files.getUploadURLExternal, files.completeUploadExternal.
_CODES = {
    Meaning.SLOWER: "ratelimited rate_limited message_limit_exceeded",
    Meaning.PASSING: "internal_error fatal_error service_unavailable request_timeout team_added_to_org",
    Meaning.TOKEN: (
        "account_inactive ekm_access_denied invalid_auth missing_scope no_permission not_allowed_token_type not_authed "
        "org_login_required team_access_not_granted token_expired token_revoked"
    ),
    Meaning.ABSENT: "channel_not_found not_in_channel",
    Meaning.CLOSED: (
        "is_archived is_inactive messages_tab_disabled posting_to_channel_denied restricted_action "
        "restricted_action_non_threadable_channel restricted_action_read_only_channel restricted_action_thread_locked "
        "restricted_action_thread_only_channel"
    ),
    Meaning.FIXED: "edit_window_closed",
    Meaning.GONE: "cannot_reply_to_message cant_update_message message_not_found thread_not_found",
    Meaning.UNSHOWABLE: (
        "invalid_arguments invalid_blocks invalid_blocks_format invalid_metadata_format metadata_too_large "
        "msg_blocks_too_long msg_too_long no_text"
    ),
    Meaning.NO_FILES: (
        "alt_txt_too_large file_not_found file_type_not_allowed file_upload_size_restricted file_uploads_disabled "
        "file_uploads_except_images_disabled storage_limit_reached"
    ),
}
_MEANINGS = {code: meaning for meaning, codes in _CODES.items() for code in codes.split()}


def code_of(error: SlackApiError) -> str:
    """Slack's word for it; the HTTP status for an answer that was not Slack's own, such as a proxy's page."""
    status: int = error.response.status_code
    return f"HTTP {status}" if status >= 500 else str(error.response.get("error", "no error code"))[:100]


def meaning_of(error: SlackApiError) -> Meaning:
    if error.response.status_code >= 500:
        return Meaning.OUTAGE
    if error.response.status_code == 429:
        return Meaning.SLOWER
    return _MEANINGS.get(code_of(error), Meaning.UNKNOWN)


def seconds_to_wait(error: SlackApiError) -> float:
    """``Retry-After`` of a refusal that asks to go slower, in seconds."""
    headers = {name.lower(): value for name, value in error.response.headers.items()}
    try:
        return max(1.0, float(headers.get("retry-after", DEFAULT_WAIT_SECONDS)))
    except (TypeError, ValueError):
        return DEFAULT_WAIT_SECONDS
