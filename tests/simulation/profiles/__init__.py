"""Narrow weather: each profile draws a small world of its own, in which one kind of trouble shows soon."""

from simulation.profiles import allowances, costs, fair, hands, holding_up, late_calls, launches, results

NARROW = {
    **late_calls.PROFILES,
    **holding_up.PROFILES,
    **allowances.PROFILES,
    **hands.PROFILES,
    **results.PROFILES,
    **costs.PROFILES,
    **launches.PROFILES,
    **fair.PROFILES,
}
