# The live page: docker build -t movenet . && docker run --rm -p 8765:8765 movenet
# It prints the address with a token; the model runs in the container, the camera is the browser's.
FROM python:3.12-slim
WORKDIR /movenet
COPY . .
RUN pip install --no-cache-dir '.[live]' && useradd --create-home movenet
USER movenet
WORKDIR /home/movenet
EXPOSE 8765
ENTRYPOINT ["movenet"]
CMD ["live", "--host", "0.0.0.0", "--tls", "--no-browser"]
