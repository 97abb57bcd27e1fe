//! Which proxy leads to a cluster: `HTTPS_PROXY`, unless `NO_PROXY` names the cluster or it is on this host.

use std::net::{IpAddr, Ipv4Addr};

use http::Uri;

/// The proxy for `server`, or what is wrong with the one that is named.
pub(super) fn from_environment(server: &Uri) -> Result<Option<Uri>, String> {
    let var = |name: &str| std::env::var(name).or_else(|_| std::env::var(name.to_ascii_lowercase())).unwrap_or_default();
    choose(server, &var("HTTPS_PROXY"), &var("NO_PROXY"))
}

fn choose(server: &Uri, proxy: &str, no_proxy: &str) -> Result<Option<Uri>, String> {
    let host = server.host().unwrap_or_default().trim_matches(['[', ']']);
    let local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if proxy.is_empty() || local || server.scheme_str() != Some("https") || no_proxy.split(',').any(|rule| excepts(rule, host)) {
        return Ok(None);
    }
    // A proxy's address may hold a password: it is not repeated.
    proxy.parse().map(Some).map_err(|_| "HTTPS_PROXY is not an address".to_owned())
}

/// Whether a rule of `NO_PROXY` names this host: `*`, a domain with all below it, an address, or a block of IPv4.
fn excepts(rule: &str, host: &str) -> bool {
    let rule = rule.trim().to_ascii_lowercase();
    let rule = rule.strip_prefix("*.").or_else(|| rule.strip_prefix('.')).unwrap_or(&rule);
    if rule.is_empty() {
        return false;
    }
    if let (Some((block, bits)), Ok(ip)) = (rule.split_once('/'), host.parse::<Ipv4Addr>()) {
        let (Ok(block), Ok(bits)) = (block.parse::<Ipv4Addr>(), bits.parse::<u32>()) else { return false };
        let mask = u32::MAX.checked_shl(32_u32.saturating_sub(bits)).unwrap_or(0);
        return bits <= 32 && u32::from(block) & mask == u32::from(ip) & mask;
    }
    let host = host.to_ascii_lowercase();
    rule == "*" || host == rule || host.strip_suffix(rule).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_used_only_where_it_is_meant() {
        let rules = "internal.example, .corp.example,10.0.0.0/8,192.168.7.1";
        for (server, through) in [
            ("https://eu.k8s.acme.example", true),
            ("https://internal.example:6443", false),
            ("https://a.internal.example", false),
            ("https://notinternal.example", true),
            ("https://k8s.corp.example", false),
            ("https://10.2.3.4:6443", false),
            ("https://11.2.3.4:6443", true),
            ("https://192.168.7.1", false),
            ("https://127.0.0.1:6443", false),
            ("https://[::1]:6443", false),
            ("http://eu.k8s.acme.example", false),
        ] {
            let got = choose(&server.parse().unwrap(), "http://proxy.example:3128", rules).unwrap();
            assert_eq!(got.is_some(), through, "{server}");
        }
        assert_eq!(choose(&"https://a.example".parse().unwrap(), "http://p:1", "*"), Ok(None));
        let error = choose(&"https://a.example".parse().unwrap(), "http://user:secret@ bad", "").unwrap_err();
        assert!(!error.contains("secret"));
    }
}
