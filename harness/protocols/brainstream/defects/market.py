"""Broken servers, at the market, the signal and the size that is approved."""

from __future__ import annotations

from harness.protocols.brainstream.defects.breaking import lacking, wrong

symbol_by_number = wrong("symbol-by-number", "BRA-MKT-01", "market.symbol", lambda v: 1)
price_in_words = wrong("price-in-words", "BRA-MKT-02", "market.price", str)
price_below_nothing = wrong("price-below-nothing", "BRA-MKT-02", "market.price", lambda v: -v)
alpha_unknown = wrong("alpha-unknown", "BRA-MKT-03", "market.alpha", lambda v: None)
regime_without_accent = wrong("regime-without-accent", "BRA-MKT-04", "market.regime", lambda v: "Levy Stable")
regime_in_another_encoding = wrong(
    "regime-in-another-encoding", "BRA-MKT-04", "market.regime", lambda v: "Lévy Stable".encode().decode("latin-1")
)
velocity_with_its_unit = wrong("velocity-with-its-unit", "BRA-MKT-05", "market.velocity", lambda v: f"{v} $/period")
velocity_yes = wrong("velocity-yes", "BRA-MKT-05", "market.velocity", lambda v: True)
no_acceleration = lacking("no-acceleration", "BRA-MKT-06", "market.acceleration")
no_market = lacking(
    "no-market",
    "BRA-MKT-02",
    "market",
    also=("BRA-MKT-01", "BRA-MKT-03", "BRA-MKT-04", "BRA-MKT-05", "BRA-MKT-06"),
)

side_hold = wrong("side-hold", "BRA-SIG-01", "signal.side", lambda v: "HOLD")
confidence_in_percent = wrong("confidence-in-percent", "BRA-SIG-02", "signal.confidence", lambda v: 1 + 99 * v)
confidence_below_nothing = wrong("confidence-below-nothing", "BRA-SIG-02", "signal.confidence", lambda v: -0.5)
reasoning_in_pieces = wrong("reasoning-in-pieces", "BRA-SIG-03", "signal.reasoning", lambda v: [v])

size_in_percent = wrong("size-in-percent", "BRA-GOV-01", "governance.approved_size", lambda v: 15.0)
size_below_nothing = wrong("size-below-nothing", "BRA-GOV-01", "governance.approved_size", lambda v: -0.05)
no_governance = lacking("no-governance", "BRA-GOV-01", "governance")
