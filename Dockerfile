# The bot's own image: built in one stage, run in a smaller one, as a user without rights.
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY bot bot
COPY handlers handlers
COPY adapters adapters
COPY rehearsal rehearsal
RUN python -m venv /opt/ci-upgrade && /opt/ci-upgrade/bin/pip install --no-cache-dir -c constraints.txt .

FROM python:3.12-slim
# A new volume takes over the owner of the directory that it is mounted on: these are the bot's.
RUN useradd --system --uid 10001 --home-dir /var/lib/ci-upgrade ci-upgrade \
    && install -d -o ci-upgrade -m 0700 /var/lib/ci-upgrade /var/backups/ci-upgrade
COPY --from=build /opt/ci-upgrade /opt/ci-upgrade
# /tmp and the volumes are all that is written to: the root file system may be read-only.
ENV PATH=/opt/ci-upgrade/bin:$PATH PYTHONUNBUFFERED=1 MPLCONFIGDIR=/tmp/matplotlib CI_UPGRADE_CONFIG=/etc/ci-upgrade/ci-upgrade.yaml
USER ci-upgrade
WORKDIR /var/lib/ci-upgrade
VOLUME /var/lib/ci-upgrade /var/backups/ci-upgrade
# SIGTERM ends the bot within seconds and leaves every upgrade resumable.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["ci-upgrade", "health"]
ENTRYPOINT ["ci-upgrade"]
CMD ["serve"]
