// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where state is kept, by URL.

use aws_types::SdkConfig;
use humangov_core::store::{FileStore, StateStore};
use std::{fmt, path::PathBuf, str::FromStr, sync::Arc};

/// Where state is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// In a directory.
    File(PathBuf),
}

impl FromStr for StoreUrl {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("file:").filter(|directory| !directory.is_empty()) {
            Some(directory) => Ok(Self::File(directory.into())),
            None => Err("must be file:DIR, s3://BUCKET/PREFIX or dynamodb://TABLE".to_owned()),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(directory) => write!(f, "file:{}", directory.display()),
        }
    }
}

impl StoreUrl {
    /// The store there, of what is within `scope`.
    pub fn open(&self, _: &SdkConfig, scope: &[&str]) -> Arc<dyn StateStore> {
        match self {
            Self::File(directory) => {
                Arc::new(FileStore::new(scope.iter().fold(directory.clone(), |at, part| at.join(part))))
            }
        }
    }
}
