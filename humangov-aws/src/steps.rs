// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Steps`]: the calls of one change, of which a later one may fail after an earlier one has worked.

use humangov_core::handler::{Effect, HandlerError};

/// What was done so far. A refusal has no effect of its own, but the steps before it had.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    changed: bool,
}

impl Steps {
    /// The answer to the next call: from a success on, failures are of unknown effect.
    pub(crate) fn next<T>(&mut self, answer: Result<T, HandlerError>) -> Result<T, HandlerError> {
        match answer {
            Ok(answer) => {
                self.changed = true;
                Ok(answer)
            }
            Err(error) if self.changed => Err(error.with_effect(Effect::Unknown)),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use humangov_core::handler::HandlerErrorKind;

    #[test]
    fn a_refusal_after_a_success_is_of_unknown_effect() {
        let refused = || Err::<(), _>(HandlerError::new(HandlerErrorKind::Invalid, "PutRolePolicy", "no"));
        let mut steps = Steps::default();
        assert_eq!(steps.next(refused()).expect_err("refused").effect(), Effect::None);
        steps.next(Ok(())).expect("done");
        assert_eq!(steps.next(refused()).expect_err("refused").effect(), Effect::Unknown);
    }
}
