// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`ImageFailure`]: images whose containers do not keep running.

use serde::{Deserialize, Serialize};

/// Containers of an image that do not keep running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImageFailure {
    /// Images that contain this text.
    pub image: String,
    /// How they fail.
    pub how: ContainerFailure,
}

/// How a container fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ContainerFailure {
    /// It starts, writes these lines to its log, and exits.
    Exits {
        /// With this code.
        code: i32,
        /// What it says before.
        log: Vec<String>,
    },
    /// Its image cannot be pulled, for this reason.
    NotPulled(String),
    /// It runs, and never passes the load balancer's health check.
    Unhealthy,
}

impl ImageFailure {
    /// Containers of images that contain `image` start, say `log` and exit with `code`.
    pub fn exits(
        image: impl Into<String>,
        code: i32,
        log: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let log = log.into_iter().map(Into::into).collect();
        Self { image: image.into(), how: ContainerFailure::Exits { code, log } }
    }

    /// Images that contain `image` cannot be pulled.
    pub fn not_pulled(image: impl Into<String>) -> Self {
        let image = image.into();
        let reason = format!("failed to resolve ref {image}: not found");
        Self { image, how: ContainerFailure::NotPulled(reason) }
    }

    /// Containers of images that contain `image` run and never pass a health check.
    pub fn unhealthy(image: impl Into<String>) -> Self {
        Self { image: image.into(), how: ContainerFailure::Unhealthy }
    }

    /// What fails in a new sandbox: images with `broken`, `no-such-image` or `unhealthy` in their names or tags.
    pub(super) fn usual() -> Vec<Self> {
        let log = [
            "[INFO] Starting gunicorn",
            "Traceback (most recent call last):",
            "  File \"/app/config.py\", line 9, in <module>",
            "AttributeError: 'NoneType' object has no attribute 'split'",
            "[ERROR] Worker failed to boot",
        ];
        vec![Self::exits("broken", 3, log), Self::not_pulled("no-such-image"), Self::unhealthy("unhealthy")]
    }
}
