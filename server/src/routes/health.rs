//! `GET /healthz`: this process answers and its own file can be read.

use actix_web::{HttpResponse, web};

use crate::error::ApiResult;
use crate::home::Home;
use crate::store::node;

/// Says that the server is up, and nothing about it.
///
/// # Errors
/// `internal` if the node's file cannot be read.
pub async fn get(home: web::Data<Home>) -> ApiResult<HttpResponse> {
    home.node(|node| node.read(|connection| node::find_account(connection, "")))
        .await?;
    Ok(HttpResponse::Ok().json(serde_json::json!({ "status": "ok" })))
}
