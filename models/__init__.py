"""Machine learning and statistics of the growth warehouse, by family. Frames in, frames out.

`propensity` churn and purchase, `segments`, `value` of customers, `survival`, `recommend`; what several of them use is in
`common`. A family is imported by its package (`from models.propensity import predict`) and imports no other family.
What outlives a night (models, cards, the registry, centres of clusters) is kept in folders that the caller names.
Does not belong here: orchestration, SQL, the warehouse, data quality. Features and labels are made by dbt.
"""
