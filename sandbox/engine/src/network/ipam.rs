//! Which addresses of a subnet are free.

use std::{collections::BTreeSet, net::Ipv4Addr};

/// One subnet; hands out the lowest free address, as Docker does.
#[derive(Debug)]
pub(crate) struct Pool {
    first: u32,
    last: u32,
    taken: BTreeSet<u32>,
}

impl Pool {
    /// All of a subnet but its own and its broadcast address.
    pub(crate) fn new(subnet: Ipv4Addr, prefix: u8) -> Self {
        let hosts = u32::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
        let base = u32::from(subnet) & !hosts;
        Self {
            first: base.saturating_add(1),
            last: (base | hosts).saturating_sub(1),
            taken: BTreeSet::new(),
        }
    }

    /// Takes a certain address; false when it is taken or not in the subnet.
    pub(crate) fn reserve(&mut self, address: Ipv4Addr) -> bool {
        let address = u32::from(address);
        (self.first..=self.last).contains(&address) && self.taken.insert(address)
    }

    /// Takes the lowest free address.
    pub(crate) fn take(&mut self) -> Option<Ipv4Addr> {
        let mut free = self.first;
        for taken in &self.taken {
            if *taken != free {
                break;
            }
            free += 1;
        }
        (free <= self.last && self.taken.insert(free)).then(|| Ipv4Addr::from(free))
    }

    /// Gives an address back.
    pub(crate) fn free(&mut self, address: Ipv4Addr) {
        self.taken.remove(&u32::from(address));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_free_address_is_next() {
        let mut pool = Pool::new(Ipv4Addr::new(172, 17, 0, 0), 16);
        assert!(pool.reserve(Ipv4Addr::new(172, 17, 0, 1)));
        let [a, b] = [pool.take().unwrap(), pool.take().unwrap()];
        assert_eq!([a, b].map(|x| x.octets()[3]), [2, 3]);
        pool.free(a);
        assert_eq!(pool.take(), Some(a));
    }

    #[test]
    fn a_full_subnet_has_no_address() {
        let mut pool = Pool::new(Ipv4Addr::new(10, 0, 0, 4), 30);
        assert_eq!(pool.take(), Some(Ipv4Addr::new(10, 0, 0, 5)));
        assert_eq!(pool.take(), Some(Ipv4Addr::new(10, 0, 0, 6)));
        assert_eq!(pool.take(), None);
        assert!(
            !pool.reserve(Ipv4Addr::new(10, 0, 0, 7)),
            "the broadcast address is nobody's"
        );
        assert!(!pool.reserve(Ipv4Addr::new(10, 0, 1, 5)));
    }
}
