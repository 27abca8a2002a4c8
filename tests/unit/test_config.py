"""The configuration: every fault at once, each with its key path; secrets only from where it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bot.config import Config, load, parse, secret
from bot.errors import ConfigurationError
from bot.settings.environments import DockerConfig
from bot.settings.routers import HaproxyConfig
from tests.fakes.world import make_config


def test_all_faults_are_reported_together_with_their_key_paths(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(
        "state_directory: /s\nslack: {chanel: C1}\nbackups: {directory: /b}\ncontrollers:\n  main: {url: nope, user: u}\n"
    )
    with pytest.raises(ConfigurationError) as caught:
        load(file)
    for key in (
        "slack.chanel",
        "controllers.main.url",
        "controllers.main.environment",
        "controllers.main.router",
    ):
        assert key in str(caught.value)


@pytest.mark.parametrize(
    ("traffic", "advice"),
    [
        ([10, 50, 100], "handover exactly once"),
        ([50, 10, "handover", 100], "rise"),
        ([10, "handover"], "end with 100"),
        ([0, "handover", 100], "between 1 and 100"),
    ],
)
def test_a_traffic_plan_that_makes_no_sense_is_refused(
    tmp_path: Path, traffic: list[object], advice: str
) -> None:
    with pytest.raises(ConfigurationError, match=advice):
        make_config(tmp_path, traffic=traffic)


@pytest.mark.parametrize("content", ["[]", "text", "a: [1", ""])
def test_what_is_no_mapping_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(content)
    with pytest.raises(ConfigurationError):
        load(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.yaml"):
        load(tmp_path / "absent.yaml")


def test_a_rule_that_nobody_could_satisfy_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="nobody could go on"):
        parse({"slack": {"operators": ["U1"], "approvers": ["U1"], "requester_may_approve": False}}, "test")


@pytest.mark.parametrize("without", ["engine", "second_engine"])
def test_two_engines_name_the_networks_of_both(without: str) -> None:
    """Green is made on each in turn, and blue's networks are those of the other."""
    data: dict[str, Any] = {
        "blue": {"container": "jenkins", "url": "http://127.0.0.1:8080"},
        "engine": {"networks": ["ci"]},
        "second_engine": {"url": "tcp://10.0.0.6:2376", "networks": ["ci"]},
        "isolation": "unrouted",
    }
    DockerConfig.model_validate(data)
    del data[without]["networks"]
    with pytest.raises(ValidationError, match=r"second_engine\.networks must both"):
        DockerConfig.model_validate(data)


def test_a_missing_token_is_named_and_never_shown(tmp_path: Path) -> None:
    controller = make_config(tmp_path).controllers["main"]
    with pytest.raises(ConfigurationError, match="MAIN_TOKEN"):
        secret(controller, {})
    assert secret(controller, {"MAIN_TOKEN": " 11abc \n"}) == "11abc"


def test_a_token_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("11abc\n")
    controller = make_config(tmp_path).controllers["main"]
    from_file = controller.model_copy(update={"token_env": None, "token_file": tmp_path / "token"})
    assert secret(from_file, {}) == "11abc"
    with pytest.raises(ConfigurationError, match="cannot read"):
        secret(from_file.model_copy(update={"token_file": tmp_path / "absent"}), {})


def with_router(tmp_path: Path, router: dict[str, object]) -> Config:
    """The usual configuration with another router."""
    data = make_config(tmp_path).model_dump(mode="json")
    data["controllers"]["main"]["router"] = router
    return parse(data, "test")


def test_the_kind_of_a_router_says_which_keys_it_has(tmp_path: Path) -> None:
    """HAProxy's keys with its kind; a kind that nobody knows is named with those that there are."""
    config = with_router(tmp_path, {"kind": "haproxy", "instances": [{"socket": "10.0.0.5:9999"}]})
    router = config.controllers["main"].router
    assert isinstance(router, HaproxyConfig)
    assert [(one.socket, one.files) for one in router.instances] == [("10.0.0.5:9999", None)]
    with pytest.raises(ConfigurationError, match=r"controllers\.main\.router: .*'envoy', 'haproxy'"):
        with_router(tmp_path, {"kind": "nginx"})


@pytest.mark.parametrize(
    ("router", "fault"),
    [
        ({"instances": []}, r"controllers\.main\.router\.instances: .*at least 1"),
        (
            {"instances": [{"socket": "admin.sock"}]},
            r"router\.instances\.0\.socket: must be an absolute path or host:port",
        ),
        ({"instances": [{"socket": "/s"}], "name": "a b"}, r"controllers\.main\.router\.name: "),
        (
            {"instances": [{"socket": "/s"}], "webhook_paths": ["hook"]},
            r"webhook_paths: must begin with a slash",
        ),
        ({"instances": [{"socket": "/s"}], "admin": "http://a"}, r"controllers\.main\.router\.admin: "),
    ],
)
def test_faults_of_an_haproxy_are_named_by_their_key(
    tmp_path: Path, router: dict[str, object], fault: str
) -> None:
    """The kind is no part of the key path."""
    with pytest.raises(ConfigurationError, match=fault):
        with_router(tmp_path, {"kind": "haproxy", **router})


def test_updates_of_one_controller_replace_those_of_all(tmp_path: Path) -> None:
    """Without any section the public update centre is asked and as little as possible is changed."""
    base = make_config(tmp_path).model_dump(mode="json")
    plain = parse(base, "x").updates_of("main")
    assert (str(plain.base), plain.plugins, plain.pins) == ("https://updates.jenkins.io/", "minimal", {})
    base["updates"] = {"plugins": "latest", "pins": {"git": "5.7.0"}}
    assert parse(base, "x").updates_of("main").plugins == "latest"
    base["controllers"]["main"]["updates"] = {"directory": "/srv/updates"}
    own = parse(base, "x").updates_of("main")
    assert (own.directory, own.plugins, own.pins) == (Path("/srv/updates"), "minimal", {})


@pytest.mark.parametrize(
    ("section", "advice"),
    [
        ({"directory": "/d", "metadata_file": "/f"}, "not both"),
        ({"base": "https://ann:hunter2@mirror/"}, "must not contain a user or password"),
        ({"plugins": "newest"}, "minimal"),
        ({"base": "ftp://mirror/"}, "updates.base"),
    ],
)
def test_updates_that_make_no_sense_are_refused(tmp_path: Path, section: dict[str, str], advice: str) -> None:
    """And a password in an address is not repeated."""
    base = make_config(tmp_path).model_dump(mode="json")
    base["updates"] = section
    with pytest.raises(ConfigurationError, match=advice) as caught:
        parse(base, "x")
    assert "hunter2" not in str(caught.value)


def test_the_path_that_users_see_is_the_one_of_the_instance(tmp_path: Path) -> None:
    """A router that changes paths would break the links in Jenkins' pages; a slash at the end is no difference."""
    data = make_config(tmp_path).model_dump(mode="json")
    main = data["controllers"]["main"]
    main["url"], main["environment"]["blue"]["url"] = "http://ci/jenkins/", "http://127.0.0.1:1/jenkins"
    assert parse(data, "test").controllers["main"].url.path == "/jenkins/"
    main["environment"]["blue"]["url"] = "http://127.0.0.1:1/"
    with pytest.raises(ConfigurationError, match=r"url has the path /jenkins, environment\.blue\.url /"):
        parse(data, "test")
