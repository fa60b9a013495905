"""Ready questions about Bordeaux: one call each, columns in English, whatever the portal calls them.

A topic is a *contract* (data: `contract`), and a function that says what people may ask (`trees`, `parking` …). One
`engine` finds the dataset, asks it and names the columns; `places` knows the communes, `choices` what people mean,
`live` how old things are, `charts` how pictures look, `check` whether the portal still has what the contracts expect.
The subjects import these and never each other.

To add a topic to the library:

1. ``contracts/<topic>.toml``: candidates, search, columns. `contract` shows the form. Only names that were seen go into
   ``from``; what is not known is looked for by its label (``labels``), or stays out. A column must not have the name of
   an attribute of a DataFrame (``flags``, ``size``, ``count`` …).
2. ``<topic>.py``: a function that checks its arguments before anything is asked, then

       source, = engine.find(CONTRACT, catalog)
       frame = engine.answer([source], lambda source: source.query.where(source.field("height") > 20))

   and adds derived columns (``engine.fill`` where a column may also come from the portal; ``live.observe`` for live
   data). Nothing is dropped: what is odd is said in a column.
3. ``tests/topics/test_<topic>.py`` against the stand-in portal, and ``docs/topics/<topic>.md``, in which
   ``tests/support/topic_pages.py`` writes the table of columns.
4. One row in ``_HOMES`` of the package, for the public name.

Another package has a topic of its own without touching this one:

    from bdxopendata.topics import engine
    from bdxopendata.topics.contract import Contract

    CONTRACT = Contract.from_toml(Path(__file__).with_name("benches.toml"))

    def benches(*, catalog=None):
        return engine.read(CONTRACT, catalog=catalog)

``bdx check`` tests its contract too, when the package announces it as an entry point (an object that is a `Contract`,
or the path of its file):

    [project.entry-points."bdxopendata.topics"]
    benches = "my_package.benches:CONTRACT"
"""
