// SPDX-License-Identifier: MIT OR Apache-2.0
//! Enums of AWS's constants: each name is written once, for records, for people and for the calls.

/// Enums whose variants are constants of AWS: recorded, shown, parsed and sent by AWS's own name.
macro_rules! constants {
    ($($(#[$meta:meta])* pub enum $name:ident { $($(#[$of_variant:meta])* $variant:ident = $text:literal,)* })*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$of_variant])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// AWS's name of it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::address::ParseWordError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    _ => Err(crate::address::ParseWordError::new(
                        text,
                        concat!("a value of ", stringify!($name)),
                        concat!("allowed are" $(, " ", $text)*),
                    )),
                }
            }
        }
    )*};
}

pub(super) use constants;

#[cfg(test)]
mod tests {
    use crate::kind::ecs::{LogDriver, OperatingSystemFamily};

    #[test]
    fn a_constant_is_recorded_and_parsed_by_the_name_aws_gives_it() {
        assert_eq!(serde_json::to_string(&LogDriver::JsonFile).expect("text"), r#""json-file""#);
        assert_eq!(
            serde_json::from_str::<LogDriver>(r#""json-file""#).expect("a driver"),
            LogDriver::JsonFile
        );
        assert_eq!("LINUX".parse(), Ok(OperatingSystemFamily::Linux));
        assert_eq!(
            "file".parse::<LogDriver>().expect_err("no driver").to_string(),
            "\"file\" is not a value of LogDriver: allowed are awslogs awsfirelens splunk fluentd gelf journald \
             json-file syslog"
        );
    }
}
