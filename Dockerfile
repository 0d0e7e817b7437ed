# The live page: docker build -t movenet . && docker run --rm -p 8765:8765 movenet
# It prints the address with a token; the model runs in the container, the camera is the browser's.
FROM python:3.13-slim-trixie AS build
RUN python -m venv --without-pip /opt/movenet
WORKDIR /build
# The packages are a layer of their own, which a change of the code leaves in the build cache.
COPY docker/requirements.txt .
RUN pip --python /opt/movenet install --no-cache-dir --requirement requirements.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src src
RUN pip --python /opt/movenet install --no-cache-dir --no-deps . && pip --python /opt/movenet check

FROM python:3.13-slim-trixie
LABEL org.opencontainers.image.title="movenet" \
      org.opencontainers.image.description="17 body keypoints from photos, videos and live cameras" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/movenet /opt/movenet
RUN useradd --create-home --uid 1000 movenet && install --directory --owner=movenet /work
ENV PATH=/opt/movenet/bin:$PATH
USER 1000
# Where a folder of photos and videos is mounted.
WORKDIR /work
EXPOSE 8765
# Ctrl-C: as the first process of a container, Python would ignore the usual SIGTERM.
STOPSIGNAL SIGINT
ENTRYPOINT ["movenet"]
CMD ["live", "--host", "0.0.0.0", "--tls", "--no-browser"]
