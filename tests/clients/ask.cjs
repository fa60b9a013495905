// Asks a portal through the vendor's own client, and prints what it got: one JSON object, one key for each question.
const {
    ApiClient,
    AuthenticationError,
    NotFoundError,
    UserError,
    all,
    date,
    field,
    fromCatalog,
    list,
    lower,
    not,
    string,
} = require("@opendatasoft/api-client");

const [domain, dataset] = process.argv.slice(2);
const client = new ApiClient({ domain });
const from = () => fromCatalog().dataset(dataset);

const questions = {
    catalogue: () => client.get(fromCatalog().datasets().orderBy("dataset_id").limit(2)),
    catalogueFound: () => client.get(fromCatalog().datasets().where(`dataset_id = ${string(dataset)}`)),
    catalogueFacets: () => client.get(fromCatalog().facets().facet("publisher")),
    catalogueExport: () => client.get(fromCatalog().export("json").select("dataset_id").orderBy("dataset_id")),
    dataset: () => client.get(from().itself()),
    records: () => client.get(from().records().orderBy("n desc").limit(3).offset(1)),
    filtered: () =>
        client.get(
            from()
                .records()
                .where(
                    all(
                        `${field("team")} IN (${list(string("g1"), string("it's"))})`,
                        not("n > 10"),
                        `jour >= ${date({ year: 2026, month: 1, day: 2 })}`
                    )
                )
                .orderBy("n")
        ),
    refined: () => client.get(from().records().refine('team:"it\'s"').orderBy("n")),
    groups: () => client.get(from().records().groupBy("team").select("team, count(*) as n").orderBy("team")),
    computedGroups: () => client.get(from().records().groupBy(lower("team")).limit(-1)),
    facets: () => client.get(from().facets().facet("team")),
    exported: () => client.get(from().export("json").where("n < 2").orderBy("n")),
    badQuestion: () => client.get(from().records().where("nothing = 1")),
    unreadable: () => client.get(from().records().where("bogus(")),
    tooMany: () => client.get(from().records().limit(101)),
    unknown: () => client.get(fromCatalog().dataset("nothing").records()),
    badKey: () => client.get(from().records(), { apiKey: "bad" }),
};

const kinds = [
    ["authentication", AuthenticationError],
    ["not found", NotFoundError],
    ["user", UserError],
];

function told(error) {
    const kind = kinds.find(([, made]) => made && error instanceof made);
    if (!error.details) throw error;
    return { kind: kind ? kind[0] : error.constructor.name, status: error.response.status, details: error.details };
}

async function main() {
    const answers = {};
    for (const [name, ask] of Object.entries(questions)) {
        try {
            answers[name] = await ask();
        } catch (error) {
            answers[name] = told(error);
        }
    }
    console.log(JSON.stringify(answers));
}

main();
