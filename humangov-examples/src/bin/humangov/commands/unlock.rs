// SPDX-License-Identifier: MIT OR Apache-2.0
//! `humangov unlock`: tells who holds the lock of a state, and breaks it by force.

use super::{
    planning::open_at,
    running::consent,
    standing::{holder, lock_document, stack_named},
    telling::tell_next,
};
use crate::{
    cli::{Global, Unlock},
    exit::Exit,
    output::{Failure, Output, WARN, document},
    session::{Session, Site},
};
use humangov_core::{address::StackName, clock::Clock, store::StoreErrorKind};
use serde_json::json;

/// Tells who holds the lock; with `--force` breaks it.
pub async fn run(args: &Unlock, global: &Global, output: Output) -> Result<Exit, Failure> {
    let site = Site::find(global, args.fleet.fleet.as_ref())?;
    let session = open_at(global, &site, output).await?;
    let stack = stack_named(&args.stack)?;
    let lock = match session.store.lock_of(&stack, Clock::system().now()).await {
        Err(error) if args.force && matches!(error.kind(), StoreErrorKind::CorruptLock { .. }) => {
            return renew(args, (global, output), &session, &stack, &error.into()).await;
        }
        lock => lock?,
    };
    let held = lock.as_ref().filter(|lock| lock.info.is_some());
    let tell = |broken: bool| {
        document(json!({ "stack": stack, "lock": lock.as_ref().map(lock_document), "broken": broken }))
    };
    let Some(lock) = held else {
        output.result(&format!("Nobody holds the lock of {stack}."), || tell(false))?;
        return Ok(Exit::Ok);
    };
    let state = if lock.stale {
        "They are gone: the next command takes the lock over by itself.".to_owned()
    } else {
        format!("It lasts until {:.0} unless they renew it.", lock.expires)
    };
    let told = format!("{stack} is locked{}\n{state}", holder(lock));
    if !args.force {
        output.result(&told, || tell(false))?;
        if lock.is_held() {
            tell_next(output, &[(global.line("unlock --force", [stack.as_str()]), "breaks the lock")]);
        }
        return Ok(if lock.is_held() { Exit::Locked } else { Exit::Ok });
    }
    output.note(&told);
    if !lock.stale {
        output.note(&warning());
    }
    consent(output, args.consent.yes, &format!("Break this lock? Type {stack}:"), stack.as_str())?;
    let broken = session.store.break_lock(&stack, Some(lock.token), Clock::system().now()).await?;
    let text = match broken {
        Some(info) => format!("Broke the lock of {stack}: {} holds it no more.", info.holder),
        None => format!("Nobody holds the lock of {stack} any more."),
    };
    output.result(&text, || tell(true))?;
    tell_next(output, &[(global.line("recover", [stack.as_str()]), "brings what they had begun to its end")]);
    Ok(Exit::Ok)
}

/// Makes a damaged lock anew: one that nobody holds.
async fn renew(
    args: &Unlock,
    (global, output): (&Global, Output),
    session: &Session,
    stack: &StackName,
    damage: &Failure,
) -> Result<Exit, Failure> {
    output.note(&format!("{}\n{}", damage.message(), warning()));
    consent(output, args.consent.yes, &format!("Make it anew? Type {stack}:"), stack.as_str())?;
    session.store.break_lock(stack, None, Clock::system().now()).await?;
    let told = format!("Made the lock of {stack} anew: nobody holds it.");
    output.result(&told, || document(json!({ "stack": stack, "lock": null, "broken": true })))?;
    tell_next(output, &[(global.line("recover", [stack.as_str()]), "brings what was begun to its end")]);
    Ok(Exit::Ok)
}

/// What breaking a lock means while somebody works.
fn warning() -> String {
    format!(
        "{WARN}If they still work:{WARN:#} they can record nothing more, and call AWS no more once they notice.\n\
         A call that is on its way is not taken back; whoever recovers the run looks what became of it."
    )
}
