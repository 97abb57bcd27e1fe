//! Where the token and the address come from: the conventions of `gh` and of GitHub Actions. Pure over an environment.

use crate::config::Secret;

/// The public service.
pub const PUBLIC: &str = "github.com";

/// A token and where it came from, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The token.
    pub secret: Secret,
    /// Its source: a variable's name or a command.
    pub source: &'static str,
}

/// The token for `host`: `GH_TOKEN`, `GITHUB_TOKEN` for github.com and its subdomains of tenants, `GH_ENTERPRISE_TOKEN`,
/// `GITHUB_ENTERPRISE_TOKEN` for any other host that `GH_HOST` names; then what `gh auth token --hostname HOST` says.
pub fn token(
    host: &str,
    env: impl Fn(&str) -> Option<String>,
    gh_auth_token: impl FnOnce(&str) -> Option<String>,
) -> Option<Token> {
    let found = |raw: String, source| {
        Some(raw).filter(|raw| !raw.trim().is_empty()).map(|raw| Token { secret: Secret::new(&raw), source })
    };
    let names: &[&'static str] = if is_public(host) {
        &["GH_TOKEN", "GITHUB_TOKEN"]
    } else if env("GH_HOST").is_some_and(|named| named.trim().eq_ignore_ascii_case(host)) {
        &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"]
    } else {
        // A token for one host must not reach another: nobody said that this is the host that it is for.
        &[]
    };
    let set = names.iter().find_map(|name| env(name).and_then(|raw| found(raw, name)));
    set.or_else(|| gh_auth_token(host).and_then(|raw| found(raw, "gh auth token")))
}

/// The base of the REST API of `host`. Inside Actions on that very host it is what the runner says.
pub fn api(host: &str, env: impl Fn(&str) -> Option<String>) -> String {
    let server =
        env("GITHUB_SERVER_URL").and_then(|url| url.split_once("://").map(|(_, host)| host.trim_end_matches('/').to_owned()));
    if env("GITHUB_ACTIONS").as_deref() == Some("true")
        && server.is_some_and(|server| server.eq_ignore_ascii_case(host))
        && let Some(api) = env("GITHUB_API_URL").filter(|api| !api.is_empty())
    {
        return api;
    }
    if host.eq_ignore_ascii_case(PUBLIC) {
        "https://api.github.com".to_owned()
    } else if is_public(host) {
        format!("https://api.{host}")
    } else {
        format!("https://{host}/api/v3")
    }
}

/// github.com, and `TENANT.ghe.com`, which `gh` treats alike.
fn is_public(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == PUBLIC || host.ends_with(".ghe.com")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env<'a>(vars: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
    }

    #[test]
    fn the_first_source_wins_and_no_token_reaches_a_foreign_host() {
        let all = [("GH_TOKEN", "a"), ("GITHUB_TOKEN", "b"), ("GH_ENTERPRISE_TOKEN", "c"), ("GITHUB_ENTERPRISE_TOKEN", "d")];
        let hosted = |host| [&all[..], &[("GH_HOST", host)]].concat();
        for (host, vars, want) in [
            ("github.com", all.to_vec(), Some(("a", "GH_TOKEN"))),
            ("GitHub.com", all[1..].to_vec(), Some(("b", "GITHUB_TOKEN"))),
            ("github.com", vec![("GH_TOKEN", " "), ("GITHUB_TOKEN", "b\n")], Some(("b", "GITHUB_TOKEN"))),
            ("github.com", vec![], Some(("cli", "gh auth token"))),
            ("acme.ghe.com", all.to_vec(), Some(("a", "GH_TOKEN"))),
            ("ghe.acme.example", all.to_vec(), Some(("cli", "gh auth token"))),
            ("ghe.acme.example", hosted("ghe.acme.example"), Some(("c", "GH_ENTERPRISE_TOKEN"))),
            ("ghe.acme.example", hosted("other.example"), Some(("cli", "gh auth token"))),
        ] {
            let got = token(host, env(&vars), |_| Some("cli\n".to_owned()));
            assert_eq!(got.as_ref().map(|t| (t.secret.expose(), t.source)), want, "{host} {vars:?}");
        }
        assert_eq!(token("github.com", env(&[]), |_| None), None);
        assert_eq!(token("github.com", env(&[]), |_| Some(String::new())), None);
    }

    #[test]
    fn the_api_stands_where_the_host_has_it() {
        let actions =
            [("GITHUB_ACTIONS", "true"), ("GITHUB_SERVER_URL", "https://ghe.acme.example"), ("GITHUB_API_URL", "https://x/api")];
        for (host, vars, want) in [
            ("github.com", &[][..], "https://api.github.com"),
            ("acme.ghe.com", &[], "https://api.acme.ghe.com"),
            ("ghe.acme.example", &[], "https://ghe.acme.example/api/v3"),
            ("ghe.acme.example", &actions, "https://x/api"),
            ("github.com", &actions, "https://api.github.com"),
            ("ghe.acme.example", &actions[1..], "https://ghe.acme.example/api/v3"),
        ] {
            assert_eq!(api(host, env(vars)), want, "{host} {vars:?}");
        }
    }
}
