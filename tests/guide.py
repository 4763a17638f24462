"""The order of the guide of 2017, as it prints it, with a SKU that the tests' catalogues know."""

ORDER = {
    "marketplaceOrderId": "959311095",
    "marketplaceServicesEndpoint": "https://marketplaceservicesendpoint/",
    "marketplacePaymentValue": 11080,
    "items": [
        {
            "id": "100",
            "quantity": 1,
            "Seller": "1",
            "commission": 0,
            "freightCommission": 0,
            "price": 9990,
            "bundleItems": [],
            "itemAttachment": {"name": None, "content": {}},
            "attachments": [],
            "priceTags": [],
            "measurementUnit": None,
            "unitMultiplier": 0,
            "isGift": False,
        }
    ],
    "clientProfileData": {
        "id": "clientProfileData",
        "email": "32172239852@gmail.com.br",
        "firstName": "Jonas",
        "lastName": "Alves de Oliveira",
        "documentType": None,
        "document": "324.423.985-1",
        "phone": "399271258",
        "corporateName": None,
        "tradeName": None,
        "corporateDocument": None,
        "stateInscription": None,
        "corporatePhone": None,
        "isCorporate": False,
        "userProfileId": None,
    },
    "shippingData": {
        "id": "shippingData",
        "address": {
            "addressType": "Residencial",
            "receiverName": "Jonas",
            "addressId": "Casa",
            "postalCode": "13476103",
            "street": "JOÃO DAMÁZIO GOMES",
            "complement": None,
        },
        "logisticsInfo": [
            {"itemIndex": 0, "selectedSla": "Normal", "lockTTL": "8d", "shippingEstimate": "7d", "price": 1090, "deliveryWindow": None}
        ],
    },
    "openTextField": None,
    "marketingData": {"utmSource": "buscape", "utmMedium": "", "utmiPage": "_"},
    "paymentData": None,
}
