//! Sets that are taken over from another space have the members that they had there.

use fibula_network::set::{Import, Level, Rename, SetId, Space};
use proptest::prelude::*;

/// Values of the first two levels there, and here; of the third; and of two choices, which come the
/// other way round here.
const THERE: u32 = 6;
const HERE: u32 = 9;
const PORTS: u32 = 4;
const CHOICES: [u32; 2] = [2, 3];

fn other() -> Space {
    Space::new(&[THERE, THERE, PORTS, CHOICES[0], CHOICES[1]].map(u64::from))
}

fn here() -> Space {
    Space::new(&[HERE, HERE, PORTS, CHOICES[1], 2, CHOICES[0]].map(u64::from))
}

type Cube = [(u32, u32); 5];

fn cubes() -> impl Strategy<Value = Vec<Cube>> {
    let side = |top: u32| (0..top, 0..top).prop_map(|(a, b)| (a.min(b), a.max(b)));
    let cube = (side(THERE), side(THERE), side(PORTS), side(CHOICES[0]), side(CHOICES[1]));
    prop::collection::vec(cube.prop_map(|(a, b, c, d, e)| [a, b, c, d, e]), 0..6)
}

fn set(space: &mut Space, cubes: &[Cube]) -> SetId {
    let mut all = vec![];
    for cube in cubes {
        let mut set = Space::FULL;
        for (level, (lo, hi)) in (0..).zip(cube) {
            let side = space.interval(Level(level), *lo, *hi);
            set = space.and(set, side);
        }
        all.push(set);
    }
    space.any(&all)
}

fn names() -> impl Strategy<Value = Vec<Option<u32>>> {
    prop::collection::vec(prop::option::weighted(0.8, 0..THERE), HERE as usize)
}

fn import(names: &[Option<u32>]) -> Import {
    Import::new(vec![
        Rename::Values(names.to_vec()),
        Rename::Values(names.to_vec()),
        Rename::Same,
        Rename::Moved(Level(5)),
        Rename::Moved(Level(3)),
    ])
}

proptest! {
    #[test]
    fn members_are_members(cubes in cubes(), names in names()) {
        let mut there = other();
        let whole = set(&mut there, &cubes);
        let mut here = here();
        let mut taken = here.import(&there, whole, &mut import(&names));
        let named: Vec<u32> = (0..HERE).filter(|v| names[*v as usize].is_some()).collect();
        for level in [0, 1] {
            let known = here.values_of(Level(level), &named);
            taken = here.and(taken, known);
        }
        for target in 0..HERE {
            for source in 0..HERE {
                for rest in 0..PORTS * CHOICES[0] * CHOICES[1] {
                    let port = rest % PORTS;
                    let one = rest / PORTS % CHOICES[0];
                    let two = rest / PORTS / CHOICES[0];
                    let is = here.contains(taken, &[target, source, port, two, 0, one]);
                    let was = match (names[target as usize], names[source as usize]) {
                        (Some(target), Some(source)) => {
                            there.contains(whole, &[target, source, port, one, two])
                        }
                        _ => false,
                    };
                    prop_assert_eq!(is, was, "{} {} {}", target, source, rest);
                }
            }
        }
    }

    /// What is alike there is one set here, however it was made.
    #[test]
    fn taken_over_in_parts_it_is_the_same(a in cubes(), b in cubes()) {
        let names: Vec<Option<u32>> = (0..HERE).map(|value| Some(value * 5 % THERE)).collect();
        let mut there = other();
        let (one, two) = (set(&mut there, &a), set(&mut there, &b));
        let both = there.or(one, two);
        let mut here = here();
        let mut by = import(&names);
        let parts = [one, two].map(|set| here.import(&there, set, &mut by));
        let joined = here.or(parts[0], parts[1]);
        prop_assert_eq!(joined, here.import(&there, both, &mut by));
    }
}
