//! Passkeys (WebAuthn, by `webauthn-rs`): made and shown with the authenticator's own check of its
//! holder, so that one is two factors. They are bound to the name in the address bar, and need
//! one: at a bare address or over plain http (but localhost) a browser has none, and neither have
//! we. Which key it is the authenticator says; nobody has to type an account, and no answer says
//! which accounts have passkeys.

use actix_web::http::header::HOST;
use actix_web::{HttpRequest, web};
use menpai_sync_core::ids::WorkerId;
use webauthn_rs::WebauthnBuilder;
use webauthn_rs::prelude::{
    CreationChallengeResponse, DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential, RequestChallengeResponse, Url, Uuid, Webauthn, WebauthnError,
};
use webauthn_rs_proto::ResidentKeyRequirement;

use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::home::Home;
use crate::store::node::{self, Account, PasskeyRow};

/// Passkeys of one account.
pub const MOST: usize = 10;
/// What authenticators show beside the host's name.
const SITE_NAME: &str = "门牌 Menpai";

/// The site as the browser addresses it.
pub struct Site {
    host: String,
    webauthn: Webauthn,
}

/// The site of a request; `None` where a browser would have no passkeys for it.
#[must_use]
pub fn site(request: &HttpRequest) -> Option<Site> {
    let secure = request.app_config().secure();
    let host = request.headers().get(HOST)?.to_str().ok()?;
    let origin = Url::parse(&format!("{}://{host}", if secure { "https" } else { "http" })).ok()?;
    let host = origin.domain()?.to_owned();
    if !secure && host != "localhost" {
        return None;
    }
    let builder = WebauthnBuilder::new(&host, &origin).ok()?;
    let webauthn = builder.rp_name(SITE_NAME).build().ok()?;
    Some(Site { host, webauthn })
}

/// The site of a request.
///
/// # Errors
/// [`ApiError::PasskeysNeedName`].
pub fn site_of(request: &HttpRequest) -> ApiResult<Site> {
    site(request).ok_or(ApiError::PasskeysNeedName)
}

impl Site {
    /// Its name, to which passkeys are bound.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Begins to make one, which is none of those there are.
    ///
    /// # Errors
    /// Internal.
    pub fn begin_new(
        &self,
        account: &str,
        display_name: &str,
        worker: WorkerId,
        have: &[PasskeyRow],
    ) -> ApiResult<(CreationChallengeResponse, PasskeyRegistration)> {
        let have = have.iter().map(|row| row.credential.clone()).collect();
        let handle = Uuid::from_bytes(*worker.as_bytes());
        let (mut options, state) = self
            .webauthn
            .start_passkey_registration(handle, account, display_name, Some(have))
            .map_err(ApiError::internal)?;
        // It must be found again without an account having been typed.
        if let Some(selection) = &mut options.public_key.authenticator_selection {
            selection.resident_key = Some(ResidentKeyRequirement::Required);
            selection.require_resident_key = true;
        }
        Ok((options, state))
    }

    /// What was made, to be kept.
    ///
    /// # Errors
    /// [`ApiError::PasskeyRefused`].
    pub fn finish_new(
        &self,
        account: &str,
        name: String,
        made: &RegisterPublicKeyCredential,
        state: &PasskeyRegistration,
    ) -> ApiResult<PasskeyRow> {
        let passkey = self
            .webauthn
            .finish_passkey_registration(made, state)
            .map_err(|why| refused(&why))?;
        Ok(PasskeyRow {
            credential: passkey.cred_id().clone(),
            account: account.to_owned(),
            relying_party: self.host.clone(),
            name,
            key_json: serde_json::to_string(&passkey).map_err(ApiError::internal)?,
            created_ms: clock::now_ms(),
            last_used_ms: None,
        })
    }

    /// Begins to ask for one.
    ///
    /// # Errors
    /// Internal.
    pub fn begin_show(&self) -> ApiResult<(RequestChallengeResponse, DiscoverableAuthentication)> {
        let (mut options, state) = self
            .webauthn
            .start_discoverable_authentication()
            .map_err(ApiError::internal)?;
        // Somebody pressed a button: the browser asks at once.
        options.mediation = None;
        Ok((options, state))
    }

    /// Whose passkey was shown. Notes its use.
    ///
    /// # Errors
    /// [`ApiError::PasskeyRefused`]: unknown, another site's, of an account that is gone, or not what
    /// was asked for.
    pub async fn finish_show(
        &self,
        home: &web::Data<Home>,
        shown: PublicKeyCredential,
        state: DiscoverableAuthentication,
    ) -> ApiResult<Account> {
        let credential = shown.get_credential_id().to_vec();
        let found = home.node(move |node| {
            node.read(|connection| {
                let Some(row) = node::find_passkey(connection, &credential)? else {
                    return Ok(None);
                };
                let account = node::find_account(connection, &row.account)?;
                Ok(account.map(|account| (row, account)))
            })
        });
        let (row, account) = found.await?.ok_or(ApiError::PasskeyRefused)?;
        let (handle, _) = self
            .webauthn
            .identify_discoverable_authentication(&shown)
            .map_err(|why| refused(&why))?;
        if row.relying_party != self.host || handle.as_bytes() != account.worker.as_bytes() {
            return Err(ApiError::PasskeyRefused);
        }
        let mut passkey: Passkey = serde_json::from_str(&row.key_json).map_err(ApiError::internal)?;
        let result = self
            .webauthn
            .finish_discoverable_authentication_v2(&shown, state, DiscoverableKey::from(&passkey))
            .map_err(|why| refused(&why))?;
        passkey.update_credential(&result);
        let key_json = serde_json::to_string(&passkey).map_err(ApiError::internal)?;
        home.node(move |node| {
            node.write(|transaction| node::use_passkey(transaction, &row.credential, &key_json, clock::now_ms()))
        })
        .await?;
        Ok(account)
    }
}

fn refused(why: &WebauthnError) -> ApiError {
    tracing::info!(%why, "a passkey was refused");
    ApiError::PasskeyRefused
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn passkeys_need_a_name_in_the_address() {
        let host = |host: &str| {
            site(&TestRequest::get().insert_header((HOST, host)).to_http_request()).map(|site| site.host().to_owned())
        };
        assert_eq!(host("localhost:8080").as_deref(), Some("localhost"));
        assert_eq!(host("127.0.0.1:8080"), None);
        assert_eq!(host("[::1]:8080"), None);
        assert_eq!(host("menpai.example"), None, "plain http");
    }
}
