"""Machine learning and statistics of the growth warehouse, one package per family.

`propensity` (churn and purchase), `segments`, `value` of customers, `survival`, `recommend`; `common` is what several
of them use. Import a family by its package (`from models.propensity import predict`); no family imports another.

Frames in, frames out. Three functions also keep files from night to night, in a folder that the caller names:
`propensity.predict` models, cards and the registry, `segments.segment_users` the centres of clusters, `recommend.learn`
item factors. Does not belong here: orchestration, SQL, the warehouse, data quality. dbt makes features and labels.
"""
