// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`StoreUrl`]: where state is kept, in one word.

use aws_types::SdkConfig;
use humangov_core::store::{FileStore, StateStore};
use std::{error::Error, fmt, path::PathBuf, str::FromStr, sync::Arc};

/// Where state is kept: `file:DIRECTORY`, `s3://BUCKET/PREFIX` or `dynamodb://TABLE`. The last two take `?region=REGION` where that
/// is not the region of everything else.
///
/// ```
/// use humangov_aws::store::StoreUrl;
///
/// let url: StoreUrl = "file:.humangov".parse()?;
/// assert_eq!(url, StoreUrl::File(".humangov".into()));
/// assert_eq!("ftp://example.org".parse::<StoreUrl>().unwrap_err().code(), "store.url");
/// # Ok::<(), humangov_aws::store::StoreUrlError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreUrl {
    /// Files in a directory.
    File(PathBuf),
    /// Objects in a bucket.
    #[cfg(feature = "s3")]
    S3 {
        /// The bucket.
        bucket: String,
        /// What all keys begin with, without a slash at its ends; it may be empty.
        prefix: String,
        /// The region of the bucket, if it is another.
        region: Option<String>,
    },
    /// Items of a table.
    #[cfg(feature = "dynamodb")]
    DynamoDb {
        /// The table.
        table: String,
        /// The region of the table, if it is another.
        region: Option<String>,
    },
}

impl StoreUrl {
    /// The store, its part for `scope`: fleet, account and region, say. What is kept for one scope is not seen from another.
    ///
    /// Nothing is asked yet: whether it is there shows at its first use.
    pub fn open(&self, sdk: &SdkConfig, scope: &[&str]) -> Arc<dyn StateStore> {
        match self {
            Self::File(directory) => {
                let _ = sdk;
                Arc::new(FileStore::new(scope.iter().fold(directory.clone(), |path, part| path.join(part))))
            }
            #[cfg(feature = "s3")]
            Self::S3 { bucket, prefix, region } => {
                let parts: Vec<&str> = [prefix.as_str()].into_iter().chain(scope.iter().copied()).collect();
                let client = super::s3::client(sdk, region.as_deref());
                Arc::new(super::S3Store::new(client, bucket, parts.join("/")))
            }
            #[cfg(feature = "dynamodb")]
            Self::DynamoDb { table, region } => {
                let client = super::dynamodb::client(sdk, region.as_deref());
                Arc::new(super::DynamoDbStore::new(client, table, scope.join("/")))
            }
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(directory) => write!(f, "file:{}", directory.display()),
            #[cfg(feature = "s3")]
            Self::S3 { bucket, prefix, region } => {
                write!(f, "s3://{bucket}")?;
                if !prefix.is_empty() {
                    write!(f, "/{prefix}")?;
                }
                region.iter().try_for_each(|region| write!(f, "?region={region}"))
            }
            #[cfg(feature = "dynamodb")]
            Self::DynamoDb { table, region } => {
                write!(f, "dynamodb://{table}")?;
                region.iter().try_for_each(|region| write!(f, "?region={region}"))
            }
        }
    }
}

/// A text that names no store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreUrlError {
    text: String,
    why: &'static str,
}

impl StoreUrlError {
    /// The stable code, as listed in `docs/errors.md`.
    pub fn code(&self) -> &'static str {
        "store.url"
    }
}

impl fmt::Display for StoreUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} names no store: {}; write file:DIRECTORY", self.text, self.why)?;
        if cfg!(feature = "s3") {
            write!(f, ", s3://BUCKET/PREFIX")?;
        }
        if cfg!(feature = "dynamodb") {
            write!(f, ", dynamodb://TABLE")?;
        }
        Ok(())
    }
}

impl Error for StoreUrlError {}

impl FromStr for StoreUrl {
    type Err = StoreUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |why| StoreUrlError { text: text.to_owned(), why };
        let Some((scheme, rest)) = text.split_once(':') else {
            return Err(wrong("it does not say of what kind it is"));
        };
        match scheme {
            "file" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if rest.starts_with("//") && !path.starts_with('/') {
                    return Err(wrong("after // there must be an absolute path"));
                }
                if path.is_empty() {
                    Err(wrong("the directory is missing"))
                } else {
                    Ok(Self::File(path.into()))
                }
            }
            #[cfg(feature = "s3")]
            "s3" => {
                let (rest, region) = remote(rest).map_err(wrong)?;
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
                if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(letter) {
                    return Err(wrong("the name of a bucket has 3 to 63 of a-z, 0-9, . and -"));
                }
                let prefix = prefix.trim_end_matches('/');
                let letter = |c: char| c.is_ascii_alphanumeric() || "._-=".contains(c);
                let part =
                    |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(letter);
                if !prefix.is_empty() && !prefix.split('/').all(part) {
                    return Err(wrong(
                        "the parts of a prefix have letters, digits, ., _, - and =, and no . first",
                    ));
                }
                Ok(Self::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned(), region })
            }
            #[cfg(feature = "dynamodb")]
            "dynamodb" => {
                let (table, region) = remote(rest).map_err(wrong)?;
                let letter = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
                if !(3..=255).contains(&table.len()) || !table.chars().all(letter) {
                    return Err(wrong("the name of a table has 3 to 255 letters, digits, ., _ and -"));
                }
                Ok(Self::DynamoDb { table: table.to_owned(), region })
            }
            #[cfg(not(all(feature = "dynamodb", feature = "s3")))]
            "s3" | "dynamodb" => Err(wrong("this build was made without it")),
            _ => Err(wrong("there is no such kind")),
        }
    }
}

/// What comes after `//`, and the region after that.
#[cfg(any(feature = "dynamodb", feature = "s3"))]
fn remote(rest: &str) -> Result<(&str, Option<String>), &'static str> {
    let rest = rest.strip_prefix("//").ok_or("after the colon there must be //")?;
    let Some((rest, query)) = rest.split_once('?') else { return Ok((rest, None)) };
    let region = query.strip_prefix("region=").filter(|region| {
        !region.is_empty() && region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    });
    region.map(|region| (rest, Some(region.to_owned()))).ok_or("after ? there can only be region=REGION")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_as_it_was_read() {
        let texts = [
            "file:.humangov",
            "file:/var/lib/humangov",
            #[cfg(feature = "s3")]
            "s3://my-bucket",
            #[cfg(feature = "s3")]
            "s3://my.bucket/a/b_c",
            #[cfg(feature = "s3")]
            "s3://my-bucket/a?region=eu-west-1",
            #[cfg(feature = "dynamodb")]
            "dynamodb://Humangov_State",
            #[cfg(feature = "dynamodb")]
            "dynamodb://state?region=eu-west-1",
        ];
        for text in texts {
            let url: StoreUrl = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(url.to_string(), text);
        }
        let absolute: StoreUrl = "file:///var/lib/humangov".parse().expect("a url");
        assert_eq!(absolute.to_string(), "file:/var/lib/humangov");
    }

    #[cfg(all(feature = "dynamodb", feature = "s3"))]
    #[test]
    fn what_names_no_store_is_told_with_all_that_would() {
        for (text, why) in [
            ("", "it does not say of what kind it is"),
            (".humangov", "it does not say of what kind it is"),
            ("file:", "the directory is missing"),
            ("file://relative", "after // there must be an absolute path"),
            ("ftp://host", "there is no such kind"),
            ("s3:my-bucket", "after the colon there must be //"),
            ("s3://", "the name of a bucket"),
            ("s3://My_Bucket", "the name of a bucket"),
            ("s3://my-bucket//a", "the parts of a prefix"),
            ("s3://my-bucket/../a", "the parts of a prefix"),
            ("s3://my-bucket/a?region=", "after ? there can only be"),
            ("s3://my-bucket/a?profile=x", "after ? there can only be"),
            ("dynamodb://ab", "the name of a table"),
            ("dynamodb://table/a", "the name of a table"),
        ] {
            let error = text.parse::<StoreUrl>().expect_err(text);
            let told = error.to_string();
            assert_eq!(error.code(), "store.url");
            assert!(told.contains(why), "{told}");
            assert!(told.ends_with("write file:DIRECTORY, s3://BUCKET/PREFIX, dynamodb://TABLE"), "{told}");
        }
    }
}
