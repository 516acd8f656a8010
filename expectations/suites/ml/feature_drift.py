"""How far features and scores have moved since a model was tested."""

from expectations.checks import Probe, between, zero
from expectations.params import GateParams


def shift(params: GateParams) -> Probe:
    return Probe(
        sql="""
            select
                model,
                count(*) filter (where psi is null or isnan(cast(psi as double)) or psi < 0) as n_psi_off,
                count(*) filter (where missing_rate not between 0 and 1 or reference_missing_rate not between 0 and 1)
                    as n_rates_off,
                avg(cast(is_drifted as integer)) filter (where feature <> '(score)') as drifted_share,
                max(case when is_drifted then psi else 0 end) filter (where feature = '(score)') as score_psi
            from ml.feature_drift
            group by model
        """,
        keys=("model",),
        checks=[
            zero("n_psi_off", "features without a PSI, or with one below 0", may_be_empty=True),
            zero("n_rates_off", "features with a share of missing values outside 0 to 1", may_be_empty=True),
            # The limits at which a model is trained again (models/drift.py); scores of few persons move by chance.
            between(
                "drifted_share",
                0,
                0.25,
                "share of features whose distribution has moved since the model's test snapshot, by more than usual",
                look="from ml.feature_drift where is_drifted order by psi desc",
                severity="warn",
                may_be_empty=True,
            ),
            between(
                "score_psi",
                0,
                0.2,
                "the distribution of scores has moved since the model's test snapshot (above 0.2 is a shift)",
                look="from ml.feature_drift order by psi desc",
                severity="warn",
                may_be_empty=True,
            ),
        ],
    )


PROBES = (shift,)
