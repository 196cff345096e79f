# A plain JupyterLab on the same base as our images, for comparison: byte-compiled as ours are.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends ca-certificates python3 tini >/dev/null
RUN --mount=type=bind,source=uv,target=/usr/local/bin/uv \
    --mount=type=bind,source=versions.txt,target=/tmp/versions.txt \
    --mount=type=secret,id=certificates \
    if [ -s /run/secrets/certificates ]; then export SSL_CERT_FILE=/run/secrets/certificates; fi; \
    uv venv --quiet --no-cache --python /usr/bin/python3 /opt/plain && \
    uv pip install --quiet --no-cache --compile-bytecode --python /opt/plain/bin/python \
        --constraints /tmp/versions.txt jupyterlab ipykernel
RUN useradd --create-home somebody && mkdir /work && chown somebody /work
USER somebody
WORKDIR /work
EXPOSE 8888
ENTRYPOINT ["/usr/bin/tini", "-g", "--"]
CMD ["/opt/plain/bin/jupyter-lab", "--no-browser", "--ServerApp.ip=0.0.0.0"]
