// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`reset`]: what is taken out of a spec goes back to what AWS makes by default.

/// Sets `desired` to AWS's `default` if it was taken out: there before, and absent now.
///
/// A field that a spec never set is no such field: the engine fills it with what it is before a handler sees it.
pub(crate) fn reset<T>(prior: Option<&T>, desired: &mut Option<T>, default: T) {
    if prior.is_some() && desired.is_none() {
        *desired = Some(default);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_taken_out_becomes_the_default() {
        for (prior, desired, expected) in [
            (Some(120), None, Some(60)),
            (Some(120), Some(90), Some(90)),
            (None, Some(90), Some(90)),
            (None, None, None),
        ] {
            let mut wanted = desired;
            reset(prior.as_ref(), &mut wanted, 60);
            assert_eq!(wanted, expected, "{prior:?} -> {desired:?}");
        }
    }
}
