// SPDX-License-Identifier: MIT OR Apache-2.0
//! Availability zones: three in every region.

use super::{listing::Listing, refusal::invalid};
use crate::sandbox::{error::ApiError, wire::Input, world::Cx};
use serde_json::{Value, json};

const LETTERS: [char; 3] = ['a', 'b', 'c'];

const LISTING: Listing = Listing {
    set: "availabilityZoneInfo",
    noun: None,
    filters: &[
        ("group-name", "groupName"),
        ("opt-in-status", "optInStatus"),
        ("region-name", "regionName"),
        ("state", "zoneState"),
        ("zone-id", "zoneId"),
        ("zone-name", "zoneName"),
        ("zone-type", "zoneType"),
    ],
    longest: 1000,
};

/// The zones of a region: `us-east-1a`.
pub(super) fn names(region: &str) -> impl Iterator<Item = String> {
    LETTERS.into_iter().map(move |letter| format!("{region}{letter}"))
}

/// The id of a zone: `use1-az1`.
pub(super) fn id_of(zone: &str) -> String {
    let region = zone.trim_end_matches(LETTERS);
    let number = LETTERS.iter().position(|letter| zone.ends_with(*letter)).map_or(1, |place| place + 1);
    let short: String = region
        .split('-')
        .enumerate()
        .map(|(n, part)| match part {
            "northeast" => "ne",
            "northwest" => "nw",
            "southeast" => "se",
            "southwest" => "sw",
            // Only directions and the like are cut; the first part, `us` or `eu`, is not.
            part if n == 0 || part.bytes().all(|byte| byte.is_ascii_digit()) => part,
            part => part.get(..1).unwrap_or(part),
        })
        .collect();
    format!("{short}-az{number}")
}

pub(super) fn describe(cx: &mut Cx<'_>, input: Input<'_>) -> Result<Value, ApiError> {
    let region = cx.region;
    let zones: Vec<String> = names(region).collect();
    let (names, ids) = (input.texts("ZoneName"), input.texts("ZoneId"));
    if let Some(wrong) = names.iter().find(|name| !zones.iter().any(|zone| zone == *name)) {
        return Err(invalid(format!("Invalid availability zone: [{wrong}]")));
    }
    if let Some(wrong) = ids.iter().find(|id| !zones.iter().any(|zone| id_of(zone) == **id)) {
        return Err(invalid(format!("Invalid availability zone-id: [{wrong}]")));
    }
    let asked = zones.iter().map(String::as_str).filter(|zone| {
        (names.is_empty() || names.contains(zone)) && (ids.is_empty() || ids.contains(&id_of(zone).as_str()))
    });
    LISTING.answer(input, &[], asked, |zone| {
        json!({
            "zoneName": zone,
            "zoneId": id_of(zone),
            "zoneState": "available",
            "zoneType": "availability-zone",
            "regionName": region,
            "groupName": format!("{region}-zg-1"),
            "networkBorderGroup": region,
            "optInStatus": "opt-in-not-required",
            "messageSet": [],
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zone_ids_shorten_the_region() {
        for (zone, id) in [
            ("us-east-1a", "use1-az1"),
            ("eu-central-1b", "euc1-az2"),
            ("ap-southeast-2c", "apse2-az3"),
            ("us-gov-west-1a", "usgw1-az1"),
        ] {
            assert_eq!(id_of(zone), id);
        }
    }
}
