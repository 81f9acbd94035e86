# One image for both processes: `hub serve` (the default) and `hub work`.
FROM python:3.11-slim AS build
WORKDIR /hub
COPY requirements.lock pyproject.toml README.md ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir uv
RUN /venv/bin/uv pip sync --python /venv/bin/python --require-hashes --compile-bytecode requirements.lock
COPY hub hub
COPY bots bots
COPY migrations migrations
COPY config config
RUN /venv/bin/python -m pip install --no-deps --no-build-isolation --editable .

FROM python:3.11-slim
RUN useradd --system --uid 10001 hub
COPY --from=build /venv /venv
COPY --from=build /hub /hub
WORKDIR /hub
USER hub
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
CMD ["hub", "serve", "--host", "0.0.0.0"]
