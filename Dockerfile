FROM python:3.11-slim-bookworm AS requirements
RUN python -m venv /venv
COPY requirements-runtime.txt /
# With bytecode, because a start of Django that has to compile takes nearly twice as long.
RUN /venv/bin/pip install --no-cache-dir --require-hashes --compile -r /requirements-runtime.txt

FROM python:3.11-slim-bookworm
# pg_dump refuses servers newer than itself, and Debian 12 has version 15, so install the version of docker-compose.yml
# from PostgreSQL's own repository. Debian's postgresql-common has the script that adds the repository and its key.
RUN apt-get update && \
    apt-get install --yes --no-install-recommends postgresql-common && \
    /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y && \
    apt-get install --yes --no-install-recommends postgresql-client-18 && \
    rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --create-home synccenter && install -d -o synccenter /data
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    RUNTIME_DIR=/tmp/synccenter \
    POSTGRES_BIN=/usr/lib/postgresql/18/bin \
    STATIC_ROOT=/static \
    SYNCCENTER_VAR=/data
COPY --from=requirements /venv /venv
WORKDIR /app
COPY . .
# Placeholders for required settings that collectstatic does not use.
RUN python -m compileall -q /app && \
    SECRET_KEY=- PUBLIC_URL=- DATABASE_URL=postgresql:///- REDIS_URL=- python manage.py collectstatic --no-input
USER synccenter
VOLUME /data
EXPOSE 8000
HEALTHCHECK --start-period=20s CMD ["python", "-I", "synccenter/healthcheck.py", "web"]
CMD ["gunicorn", "synccenter.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", \
     "--workers", "2", "--threads", "4", "--no-control-socket"]
