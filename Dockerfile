# One image for the web site, the workers, beat and migrations; docker-compose.yml says which is which.
FROM python:3.12-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements/run.txt /tmp/run.txt
RUN /opt/venv/bin/pip install --require-hashes -r /tmp/run.txt


FROM python:3.12-slim

RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent second-look \
 && install --directory --owner second-look --group second-look --mode 0700 /data /audit

COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY . .
RUN /opt/venv/bin/python -m compileall -q dedup_site review scanning

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=dedup_site.settings \
    DATA_DIR=/data \
    NUMBA_CACHE_DIR=/tmp/numba \
    WEB_PROCESSES=2 \
    WEB_THREADS=8

USER second-look
VOLUME /data
EXPOSE 8000

# Answers without the database: a slow database must not get the web site restarted.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", \
  "import urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:8000/health/live', timeout=4)"]

CMD ["sh", "-c", "exec gunicorn --bind 0.0.0.0:8000 --worker-class gthread --workers \"$WEB_PROCESSES\" --threads \"$WEB_THREADS\" --worker-tmp-dir /dev/shm --no-control-socket dedup_site.wsgi"]
