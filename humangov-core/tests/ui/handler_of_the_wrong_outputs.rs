// SPDX-License-Identifier: MIT OR Apache-2.0
//! A handler gives the outputs of its kind.
use humangov_core::{
    handler::{Cx, Handler, HandlerError, Live, Lookup, Prior, Update},
    kind::{logs::LogGroup, s3::Bucket},
    resource::Resource,
};

struct Groups;

impl Handler for Groups {
    type Resource = LogGroup;
    async fn read(&self, _: Lookup<'_, LogGroup>) -> Result<Option<Live<LogGroup>>, HandlerError> {
        Ok(None)
    }
    async fn create(&self, _: &Cx, _: &LogGroup) -> Result<<Bucket as Resource>::Outputs, HandlerError> {
        unimplemented!()
    }
    async fn update(
        &self,
        _: &Cx,
        change: Update<'_, LogGroup>,
    ) -> Result<<LogGroup as Resource>::Outputs, HandlerError> {
        Ok(change.outputs.clone())
    }
    async fn delete(&self, _: &Cx, _: Prior<'_, LogGroup>) -> Result<(), HandlerError> {
        Ok(())
    }
}

fn main() {}
