# The program with Mesa's Vulkan drivers, software among them: `docker run --rm -v "$PWD:/work" dann devices`.
# With a GPU of AMD or Intel add `--device /dev/dri`, with one of NVIDIA `--gpus all -e NVIDIA_DRIVER_CAPABILITIES=all`: its
# driver asks for libxext6 and libegl1.
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked \
    && cargo install --locked --features cli cargo-about \
    && scripts/notices.sh target/package/LICENSES-PACKAGES.txt

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libvulkan1 mesa-vulkan-drivers libxext6 libegl1 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/target/release/dann /usr/local/bin/dann
COPY --from=build /src/LICENSE-MIT /src/LICENSE-APACHE /src/target/package/LICENSES-PACKAGES.txt /usr/local/share/doc/dann/
ENV XDG_RUNTIME_DIR=/tmp
WORKDIR /work
ENTRYPOINT ["dann"]
