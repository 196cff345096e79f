# A small image with three environments as ours have them, each with what the small catalogue of
# conftest.py locks for it. It would end at once, with an error, if it were simply started.
ARG BASE
FROM ${BASE}
RUN apt-get update -qq && \
    apt-get install -qq -y --no-install-recommends python3 >/dev/null && \
    rm -rf /var/lib/apt/lists
RUN set -e; \
    add() { \
        information=/opt/$1/lib/python3.11/site-packages/$2-$3.dist-info; \
        mkdir "$information"; \
        printf 'Name: %s\nVersion: %s\n' "$2" "$3" > "$information/METADATA"; \
        printf '%s-%s.dist-info/METADATA,,\n' "$2" "$3" > "$information/RECORD"; \
    }; \
    for name in server runner kernels; do \
        python3 -m venv --without-pip "/opt/$name"; \
        add "$name" galaxy_notebook_runner 0.1.0; \
    done; \
    add server jupyterlab 4.6.6; \
    add runner papermill 2.7.0; \
    add kernels numpy 2.4.0
RUN mkdir /opt/notebook && printf '{"name": "tiny", "tag": "1"}' > /opt/notebook/image.json
ENV NOTEBOOK_RUNNER_IMAGE=/opt/notebook/image.json NVIDIA_VISIBLE_DEVICES=all
USER 1000
ENTRYPOINT ["/bin/sh", "-c", "exit 9"]
