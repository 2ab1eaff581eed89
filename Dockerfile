# Two stages: the toolchain builds the program, Debian's runtime libraries carry it. The lists of packages are in scripts/packages.
FROM swift:6.3-bookworm AS build
WORKDIR /src
COPY scripts/packages scripts/packages
RUN apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $(scripts/packages build) \
 && rm -rf /var/lib/apt/lists/*
COPY Package.swift openapi.yaml ./
COPY Sources Sources
# The package names its test targets, so their folders must be there; nothing of them is built.
COPY Tests Tests
# The build folder is kept between builds of this machine; what is taken out of it is the program alone.
RUN --mount=type=cache,id=gapless-build,target=/src/.build \
    swift build -c release --static-swift-stdlib --product gapless --explicit-target-dependency-import-check error \
 && mkdir /out && strip --strip-debug -o /out/gapless .build/release/gapless

FROM debian:bookworm-slim
RUN --mount=type=bind,source=scripts/packages,target=/run/packages \
    apt-get update -q \
 && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $(/run/packages image) \
 && rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log /var/log/alternatives.log \
 && groupadd --gid 10001 gapless \
 && useradd --uid 10001 --gid gapless --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin --no-log-init gapless
COPY LICENSE /usr/share/doc/gapless/copyright
COPY --from=build /out/gapless /usr/local/bin/gapless

ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="gapless" \
      org.opencontainers.image.description="Keeps time-series stores complete" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
WORKDIR /
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["gapless", "health"]
ENTRYPOINT ["gapless"]
CMD ["serve"]
