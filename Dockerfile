# One image for both processes: `web` (the default) and `worker`. Every step is a script of deploy/steps, which
# `deploy/steps/try` runs outside of a container, too. Read-only: what it writes goes to /tmp and to the volume /spool.
FROM python:3.11-slim AS build
WORKDIR /src
COPY requirements.run.lock pyproject.toml README.md ./
COPY deploy/steps deploy/steps
COPY hub hub
COPY bots bots
COPY migrations migrations
COPY config config
RUN deploy/steps/install /hub

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home hub && install -d -o hub -m 700 /spool
COPY --from=build /hub /hub
WORKDIR /tmp
USER 10001
ENV PATH=/hub/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HUB_HOST=0.0.0.0 HUB_SPOOL_DIR=/spool HUB_EVIDENCE_KEY=/spool/evidence.key
VOLUME /spool
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["/hub/deploy/steps/healthy"]
ENTRYPOINT ["/hub/deploy/steps/start"]
CMD ["web"]
