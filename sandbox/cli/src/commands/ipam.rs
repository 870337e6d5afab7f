//! `--subnet`, `--gateway`, `--ip-range` and `--aux-address` of `docker network create`: which belongs to which.

use std::net::IpAddr;

use clap::Args;
use serde_json::{Map, Value, json};

use crate::{flags::values::strings, options::pairs};

/// The flags that speak of addresses.
#[derive(Debug, Args)]
pub struct Flags {
    /// Addresses that the driver may not give away (default map[])
    #[arg(long, value_name = "map")]
    aux_address: Vec<String>,
    /// Gateway of the subnet
    #[arg(long, value_name = "strings", value_parser = strings)]
    gateway: Vec<Vec<String>>,
    /// The part of the subnet that containers get addresses from
    #[arg(long, value_name = "strings", value_parser = strings)]
    ip_range: Vec<Vec<String>>,
    /// Driver that gives addresses (default "default")
    #[arg(long, value_name = "string", default_value = "default")]
    ipam_driver: String,
    /// Options of that driver (default map[])
    #[arg(long, value_name = "map")]
    ipam_opt: Vec<String>,
    /// Subnet in CIDR format
    #[arg(long, value_name = "strings", value_parser = strings)]
    subnet: Vec<Vec<String>>,
}

/// One subnet and what belongs to it.
struct Pool {
    subnet: String,
    fields: Map<String, Value>,
}

impl Flags {
    /// The API's `IPAM`.
    ///
    /// # Errors
    /// Docker's words.
    pub fn request(&self) -> Result<Value, String> {
        let (subnets, gateways) = (self.subnet.concat(), self.gateway.concat());
        let ranges = self.ip_range.concat();
        if subnets.len() < ranges.len() || subnets.len() < gateways.len() {
            return Err("every ip-range or gateway must have a corresponding subnet".into());
        }
        let mut pools = pools(subnets)?;
        for range in &ranges {
            let first = range.split('/').next().unwrap_or_default();
            let pool = owner(&mut pools, first)
                .ok_or_else(|| format!("no matching subnet for range {range}"))?;
            if pool.fields.insert("IPRange".into(), json!(range)).is_some() {
                return Err(format!(
                    "cannot configure multiple ranges ({range}) on the same subnet ({})",
                    pool.subnet
                ));
            }
        }
        for gateway in &gateways {
            let pool = owner(&mut pools, gateway)
                .ok_or_else(|| format!("no matching subnet for gateway {gateway}"))?;
            if pool
                .fields
                .insert("Gateway".into(), json!(gateway))
                .is_some()
            {
                return Err(format!(
                    "cannot configure multiple gateways ({gateway}) for the same subnet ({})",
                    pool.subnet
                ));
            }
        }
        for pair in &self.aux_address {
            let (name, address) = pair.split_once('=').unwrap_or((pair, ""));
            let pool = owner(&mut pools, address)
                .ok_or_else(|| format!("no matching subnet for aux-address {address}"))?;
            let known = pool.fields.entry("AuxiliaryAddresses");
            known.or_insert_with(|| json!({}))[name] = json!(address);
        }
        Ok(json!({
            "Driver": self.ipam_driver,
            "Options": pairs(&self.ipam_opt),
            "Config": pools.into_iter().map(|pool| pool.fields).collect::<Vec<_>>(),
        }))
    }
}

fn pools(subnets: Vec<String>) -> Result<Vec<Pool>, String> {
    let mut pools: Vec<Pool> = Vec::new();
    for subnet in subnets {
        let first = |subnet: &str| subnet.split('/').next().unwrap_or_default().to_owned();
        let overlaps = |pool: &Pool| {
            contains(&pool.subnet, &first(&subnet)) || contains(&subnet, &first(&pool.subnet))
        };
        if pools.iter().any(overlaps) {
            return Err("multiple overlapping subnet configuration is not supported".into());
        }
        pools.push(Pool {
            fields: Map::from_iter([("Subnet".to_owned(), json!(subnet))]),
            subnet,
        });
    }
    Ok(pools)
}

fn owner<'a>(pools: &'a mut [Pool], address: &str) -> Option<&'a mut Pool> {
    pools
        .iter_mut()
        .find(|pool| contains(&pool.subnet, address))
}

/// Whether `address` lies in `subnet`, written as `10.0.0.0/8`.
fn contains(subnet: &str, address: &str) -> bool {
    let Some((network, length)) = subnet.split_once('/') else {
        return false;
    };
    let (Ok(network), Ok(address), Ok(length)) = (
        network.parse::<IpAddr>(),
        address.parse::<IpAddr>(),
        length.parse::<u32>(),
    ) else {
        return false;
    };
    let bits = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => (u128::from(ip.to_bits()) << 96, 32),
        IpAddr::V6(ip) => (ip.to_bits(), 128),
    };
    let ((network, width), (address, other)) = (bits(network), bits(address));
    width == other && length <= width && (network ^ address).leading_zeros() >= length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_holds_its_addresses_and_no_others() {
        assert!(contains("10.0.0.0/24", "10.0.0.7"));
        assert!(!contains("10.0.0.0/24", "10.0.1.7"));
        assert!(contains("fd00::/8", "fd12::1"));
        assert!(!contains("10.0.0.0/0", "::1"));
        assert!(!contains("foo", "10.0.0.1"));
    }
}
