# The command and what it needs, as the lock pins it: docker build --tag reconciler .
FROM python:3.13.15-slim-trixie@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements/run.txt requirements/run.txt
RUN python -m venv --without-pip /opt/reconciler \
    && python -I -m pip --python /opt/reconciler install --no-deps --require-hashes \
      --requirement requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY .github .github
COPY subscriptions subscriptions
COPY reconciler reconciler
RUN python -I -m pip --python /opt/reconciler install --no-deps --no-build-isolation . \
    && python -I -m pip --python /opt/reconciler check

FROM python:3.13.15-slim-trixie@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
LABEL org.opencontainers.image.title="subscription-reconciler" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/reconciler /opt/reconciler
ENV PATH=/opt/reconciler/bin:$PATH HOME=/home/reconciler PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /work
ENTRYPOINT ["reconciler"]
CMD ["--help"]
